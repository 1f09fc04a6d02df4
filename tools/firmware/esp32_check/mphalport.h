// Stands for the file of this name that frozen code does not use.
