-- settle: a delivery has ended. Its message is stamped anew, as its period ends one period after
-- this moment, or given back; and what became of its recipients is counted.
-- uses ring stamp date
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
--       6-10  recipients delivered, deferred, bounced, denied; greylisted, of those deferred
--       then for each ring: bucket width in ms, number of buckets
-- Reply now_ms: the new stamp
--
-- Why atomic: as take and give_back.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local back, stamp = ARGV[3] == 'back', tonumber(ARGV[4])

for k = 4, #KEYS do
    local a = 11 + (k - 4) * 2
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

local stats
for i, name in ipairs({'delivered', 'deferred', 'bounced', 'denied', 'greylisted'}) do
    local n = tonumber(ARGV[5 + i])
    if n > 0 then
        stats = stats or KEYS[3] .. ':' .. date_hour(math.floor(time[1] / 3600))
        if redis.call('HINCRBY', stats, ARGV[2] .. ' ' .. name, n) == n then
            redis.call('EXPIRE', stats, 691200) -- 8 days from its first
        end
    end
end
return now
