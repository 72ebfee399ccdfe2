-- take: one message, and one slot for it, out of a group's limits. All of it or nothing.
--
-- KEYS  1     mxpace:{g:GROUP}:conn:IP      hash: node -> "OPEN until UNIXTIME"
--       2...  mxpace:{g:GROUP}:sent:IP:PERIOD  ring, one for each limit
-- ARGV  1     commit: 1 takes, 0 only looks (mxctl explain)
--       2     node
--       3     slots this node would then have open, the new one included
--       4     connections allowed to all nodes together; 0: no limit, no slot
--       5     seconds for which the node's figure counts unless renewed
--       then for each ring: limit, bucket width in ms, number of buckets
-- Reply granted  {0, now_ms}
--       no slot  {1, slots open on all nodes, those this node asked for included}
--       no room  {2, index of the limit from 1, messages in the window, ms until there is room},
--                of several limits that are reached, for the one with the longest way to go
--
-- A ring is a hash: `head` the newest bucket's number (time / width), `total` the sum of all
-- counted buckets, and a field per bucket, number modulo ring size. The current bucket and the
-- 64 before it are counted, so no rolling period is ever exceeded and at most 1/64 is lost.
-- Why atomic: all limits are looked at before any is written, on behalf of the whole fleet.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local node, slots, allowed = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local before -- until when this node's figure counted so far

if allowed > 0 then
    local open, nodes = slots, redis.call('HGETALL', KEYS[1])
    for i = 1, #nodes, 2 do
        local count, till = string.match(nodes[i + 1], '^(%d+) until (%d+)$')
        if nodes[i] == node then
            before = till
        elseif count and tonumber(till) * 1000 > now then
            open = open + count
        end
    end
    if open > allowed then return {1, open} end
end

local rings, full = {}, nil
for k = 2, #KEYS do
    local a = 6 + (k - 2) * 3
    local limit, width, size = tonumber(ARGV[a]), tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
    local bucket = math.floor(now / width)
    local slot = tostring(bucket % size) -- once: each number that becomes text costs half a us
    local ring = redis.call('HMGET', KEYS[k], 'head', 'total', slot)
    local head, total, count = tonumber(ring[1]), tonumber(ring[2]) or 0, tonumber(ring[3]) or 0
    local old
    if not head or bucket - head >= size or head - bucket >= size then
        -- empty, all of it too old, or written by a clock far ahead of this one
        old, total, count = head and 'all', 0, 0
    elseif bucket > head then
        old, count = {}, 0
        for b = head + 1, bucket do old[#old + 1] = b % size end
        for _, n in ipairs(redis.call('HMGET', KEYS[k], unpack(old))) do
            total = total - (tonumber(n) or 0)
        end
    elseif bucket < head then
        -- the clock went back a little: go on in the newest bucket
        bucket, slot = head, tostring(head % size)
        count = tonumber(redis.call('HGET', KEYS[k], slot)) or 0
    end
    if total >= limit then
        local fields, left, wait = {}, total, size * width
        for b = bucket - size + 1, bucket do fields[#fields + 1] = b % size end
        local counts = redis.call('HMGET', KEYS[k], unpack(fields))
        for i = 1, size do
            -- buckets between head and now are left-overs of the previous round
            if bucket - size + i <= head then left = left - (tonumber(counts[i]) or 0) end
            if left < limit then
                wait = (bucket + i) * width - now
                break
            end
        end
        if not full or wait > full[4] then full = {2, k - 1, total, wait} end
    end
    rings[k] = {head, bucket, total, count, old, width, size, slot}
end
if full then return full end

if ARGV[1] ~= '1' then return {0, now} end
if allowed > 0 then
    local till, span = time[1] + ARGV[5], tonumber(ARGV[5])
    redis.call('HSET', KEYS[1], node, slots .. ' until ' .. till)
    if not before or math.floor(till / span) ~= math.floor(before / span) then
        redis.call('EXPIRE', KEYS[1], span * 4) -- once in `span`, not with each message
    end
end
for k = 2, #KEYS do
    local head, bucket, total, count, old, width, size, slot = unpack(rings[k], 1, 8)
    if old == 'all' then
        redis.call('DEL', KEYS[k])
    elseif old then
        redis.call('HDEL', KEYS[k], unpack(old))
    end
    if bucket == head then
        redis.call('HSET', KEYS[k], 'total', total + 1, slot, count + 1)
    else
        redis.call('HSET', KEYS[k], 'head', bucket, 'total', total + 1, slot, count + 1)
        redis.call('PEXPIRE', KEYS[k], (size + 1) * width)
    end
end
return {0, now}
