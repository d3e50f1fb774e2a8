-- wrk's script: sends the requests of a file in turn, and prints what came of them as one line of JSON.
-- The file has each request as a line with its length in octets, then the request itself.

local requests, at = {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  for length in file:lines() do
    requests[#requests + 1] = file:read(tonumber(length))
    file:read(1)
  end
  file:close()
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"answered":%d,"seconds":%f,"failed":%d,"refused":%d,"p50_ms":%f,"p99_ms":%f}',
    summary.requests, summary.duration / 1e6, errors.connect + errors.read + errors.write + errors.timeout,
    errors.status, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
