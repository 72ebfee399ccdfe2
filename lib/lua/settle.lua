-- settle: a delivery has ended. Its message is stamped anew, as its period ends one period after
-- this moment, or given back; and what became of its recipients is counted.
-- uses ring stamp
--
-- KEYS  1     mxpace:{g:GROUP}:told:IP   hash: node -> messages ever
--       2     mxpace:{g:GROUP}:pace:IP   hash: second modulo 64 -> "SECOND MESSAGES", accepted
--       3     mxpace:{g:GROUP}:stats     what the hour is added to: "...:stats:2026112208"
--       4...  mxpace:{g:GROUP}:sent:IP:PERIOD  rings (ring.lua)
-- ARGV  1     node
--       2     sending IP
--       3     stamp | back
--       4     when the message was taken or stamped last, ms; 0: none
--       5     1: it is counted in `told`
--       6-9   recipients delivered, deferred, bounced, denied
--       then for each ring: bucket width in ms, number of buckets
-- Reply now_ms: the new stamp
--
-- Why atomic: as take and give_back.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local back, stamp = ARGV[3] == 'back', tonumber(ARGV[4])

for k = 4, #KEYS do
    local a = 10 + (k - 4) * 2
    local width, size = tonumber(ARGV[a]), tonumber(ARGV[a + 1])
    if stamp > 0 and back then
        ring_back(KEYS[k], width, size, stamp)
    elseif stamp > 0 then
        ring_stamp(KEYS[k], width, size, now, stamp)
    end
end
if back and stamp > 0 and ARGV[5] == '1' and
    (tonumber(redis.call('HGET', KEYS[1], ARGV[1])) or 0) > 0 then
    redis.call('HINCRBY', KEYS[1], ARGV[1], -1)
end

if tonumber(ARGV[6]) > 0 then
    local slot = time[1] % 64
    local second, count = string.match(redis.call('HGET', KEYS[2], slot) or '', '^(%d+) (%d+)$')
    count = second == time[1] and count + 1 or 1
    redis.call('HSET', KEYS[2], slot, time[1] .. ' ' .. count)
    redis.call('EXPIRE', KEYS[2], 120)
end

-- 2026112208 of a Unix time; days from 1 March of the year 0, as the leap day ends a year then
local function hour_of(unix)
    local days = math.floor(unix / 86400) + 719468
    local era = math.floor(days / 146097)
    local day = days - era * 146097
    local year = math.floor((day - math.floor(day / 1460) + math.floor(day / 36524) -
        math.floor(day / 146096)) / 365)
    day = day - (365 * year + math.floor(year / 4) - math.floor(year / 100))
    local month = math.floor((5 * day + 2) / 153)
    local date = day - math.floor((153 * month + 2) / 5) + 1
    month = month < 10 and month + 3 or month - 9
    year = year + era * 400 + (month <= 2 and 1 or 0)
    return string.format('%04d%02d%02d%02d', year, month, date, math.floor(unix % 86400 / 3600))
end

local stats
for i, name in ipairs({'delivered', 'deferred', 'bounced', 'denied'}) do
    local n = tonumber(ARGV[5 + i])
    if n > 0 then
        stats = stats or KEYS[3] .. ':' .. hour_of(tonumber(time[1]))
        if redis.call('HINCRBY', stats, ARGV[2] .. ' ' .. name, n) == n then
            redis.call('EXPIRE', stats, 691200) -- 8 days from its first
        end
    end
end
return now
