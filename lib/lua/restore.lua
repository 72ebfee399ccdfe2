-- restore: what a Redis that came back without, or with old, data lacks of what a node has sent.
-- uses ring
--
-- KEYS  1     mxpace:{g:GROUP}:told:IP   hash: node -> messages ever
--       2...  mxpace:{g:GROUP}:sent:IP:PERIOD  rings (ring.lua)
-- ARGV  1     node
--       2     messages it has sent, ever
--       then for each ring: bucket width in ms, number of buckets, and the newest of them as
--       "AGE_MS COUNT AGE_MS COUNT...", newest first
-- Reply the number of messages that were missing
--
-- Why atomic: asked twice, they are added once.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local sent = tonumber(ARGV[2])
local missing = sent - (tonumber(redis.call('HGET', KEYS[1], ARGV[1])) or 0)
if missing <= 0 then return 0 end

local longest = 7200000 -- ms
for k = 2, #KEYS do
    local a = 3 + (k - 2) * 3
    local width, size, left = tonumber(ARGV[a]), tonumber(ARGV[a + 1]), missing
    local head, bucket, slot, count, total, old = ring_read(KEYS[k], width, size, now)
    local buckets, order = {}, {}
    for age, n in string.gmatch(ARGV[a + 2], '(%d+) (%d+)') do
        local at = math.max(math.floor((now - age) / width), bucket - size + 1)
        n = math.min(tonumber(n), left)
        if n > 0 then
            if not buckets[at] then order[#order + 1] = at end
            buckets[at] = (buckets[at] or 0) + n
            left = left - n
        end
    end
    if left < missing then
        count = count + (buckets[bucket] or 0)
        total = total + missing - left
        ring_write(KEYS[k], width, size, head, bucket, slot, count, total, old)
        for _, at in ipairs(order) do
            if at ~= bucket then redis.call('HINCRBY', KEYS[k], at % size, buckets[at]) end
        end
    end
    longest = math.max(longest, width * size + 60000)
end
redis.call('HSET', KEYS[1], ARGV[1], sent)
redis.call('PEXPIRE', KEYS[1], longest)
return missing
