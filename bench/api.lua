-- What wrk asks of the Api.   wrk -s api.lua URL -- poll FILE (lines of a path and the ETag that is known) | submit FILE (a request)
local asks = {}

function init(args)
  math.randomseed(os.time())
  if args[1] == "submit" then
    local file = io.open(args[2])
    asks[1] = wrk.format("POST", "/jobs", { ["Content-Type"] = "application/json" }, file:read("*a"))
    file:close()
  else
    for line in io.lines(args[2]) do
      local path, etag = line:match("(%S+) (%S+)")
      asks[#asks + 1] = wrk.format("GET", path, { ["If-None-Match"] = etag })
    end
  end
end

function request()
  return asks[math.random(#asks)]
end

-- requests, seconds, ms of half and of all but one in a hundred, refused (4xx and 5xx), and broken by the connection
function done(summary, latency)
  local broken = summary.errors
  print(string.format("done %d %.3f %.3f %.3f %d %d", summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    broken.status, broken.connect + broken.read + broken.write + broken.timeout))
end
