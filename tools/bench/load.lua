-- One request, or several in turn, for wrk; prints one line with what it measured.
-- wrk ... -- METHOD CONNECTION BODY_BYTES_OR_TEXT PATH...

local requests = {}
local turn = 0

function init(args)
  local method, connection, body = args[1], args[2], args[3]
  local headers = { ["User-Agent"] = "wrk", ["Accept"] = "*/*" }
  if connection == "close" then
    headers["Connection"] = "close"
  end
  if body == "" then
    body = nil
  elseif tonumber(body) then
    headers["Content-Type"] = "application/octet-stream"
    body = string.rep("x", tonumber(body))
  else
    headers["Content-Type"] = "application/json"
  end
  for i = 4, #args do
    requests[#requests + 1] = wrk.format(method, args[i], headers, body)
  end
end

function request()
  turn = turn % #requests + 1
  return requests[turn]
end

function done(summary, latency, _)
  local e = summary.errors
  io.write(string.format(
    "RESULT %d %d %d %d %d %d %d %d %d %d %d %d\n",
    summary.requests, summary.duration, summary.bytes,
    e.connect, e.read, e.write, e.status, e.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency.max
  ))
end
