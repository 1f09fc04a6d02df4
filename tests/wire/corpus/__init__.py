"""The corpus: all vectors, by subject."""

from wire.corpus import bodies, chunks, connections, fields, lengths, limits, smuggling, targets

SUBJECTS = (targets, fields, lengths, chunks, smuggling, bodies, connections, limits)
VECTORS = [vector for subject in SUBJECTS for vector in subject.VECTORS]
