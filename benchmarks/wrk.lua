-- The job of `benchmarks.load` for wrk: one thread; a number of its own in each request.

local function lines(path)
  local found = {}
  for line in io.lines(path) do found[#found + 1] = line end
  return found
end

function init(arguments)
  local folder = arguments[1]
  local job = lines(folder .. "/job")
  method, media_type, number = job[1], job[2], tonumber(job[3])
  paths = lines(folder .. "/paths")
  local file = io.open(folder .. "/body", "rb")
  body = file:read("*a")
  file:close()
  headers = {}
  if #body > 0 then headers["Content-Type"] = media_type end
  at = 0
end

function request()
  at = at % #paths + 1
  number = number + 1
  local text = nil
  if #body > 0 then text = body:gsub("########", string.format("%08d", number)) end
  return wrk.format(method, paths[at], headers, text)
end

function done(summary, latency)
  local failed = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "seconds": %f, "refused": %d, "lost": %d, "p50": %f, "p95": %f, "p99": %f}\n',
    summary.requests, summary.duration / 1e6, failed.status,
    failed.connect + failed.read + failed.write + failed.timeout,
    latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3))
end
