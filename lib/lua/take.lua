-- take: one message, and one slot for it, out of a group's limits. All of it or nothing.
-- uses ring force
--
-- KEYS  1     mxpace:{g:GROUP}:conn:IP      hash: node -> "OPEN until UNIXTIME"
--       2     mxpace:{g:GROUP}:pause        an operator's words; there while the group is paused
--       3     mxpace:{g:GROUP}:backoff:IP   hash (force.lua)
--       4...  mxpace:{g:GROUP}:sent:IP:PERIOD  ring, one for each limit (ring.lua)
--       last  mxpace:{g:GROUP}:told:IP      hash: node -> messages ever; only with commit 2
-- ARGV  1     commit: 0 only looks (mxctl explain), 1 takes, 2 takes and counts it as this node's
--       2     node
--       3     slots this node would then have open, the new one included
--       4     connections allowed to all nodes together; 0: no limit, no slot
--       5     seconds for which the node's figure counts unless renewed
--       then for each ring: limit, bucket width in ms, number of buckets
-- Reply granted  now_ms, as most are; {0, now_ms, this node's messages} with commit 2
--       no slot  {1, slots open on all nodes, those this node asked for included, allowed}
--       no room  {2, index of the limit from 1, messages in the window, ms until there is room},
--                of several limits that are reached, for the one with the longest way to go
--       held     {3, 0 paused | 1 suspended | 2 by the rate of backoff, ms until it is worth asking
--                again, messages an hour, why}
--
-- Why atomic: all limits are looked at before any is written, on behalf of the whole fleet.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local node, slots, allowed = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local before -- until when this node's figure counted so far
local last   -- of the rate of backoff

if redis.call('EXISTS', KEYS[2], KEYS[3]) > 0 then
    local backoff = force_functions()
    local force, f = backoff.read(KEYS[3], now, ARGV[1] == '0')
    local held = backoff.held(redis.call('GET', KEYS[2]), force, f)
    if held then return held end
    if force and force.rate then
        local wait
        wait, last = backoff.wait(force, f, now)
        if wait > 0 then return {3, 2, wait, math.floor(force.rate), backoff.why(f)} end
    end
    if force and force.connections and allowed > 0 then
        allowed = math.min(allowed, force.connections)
    end
end

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
    if open > allowed then return {1, open, allowed} end
end

local rings, full = {}, nil
for k = 4, 3 + (#ARGV - 5) / 3 do
    local a = 6 + (k - 4) * 3
    local limit, width, size = tonumber(ARGV[a]), tonumber(ARGV[a + 1]), tonumber(ARGV[a + 2])
    local head, bucket, slot, count, total, old = ring_read(KEYS[k], width, size, now)
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
        if not full or wait > full[4] then full = {2, k - 3, total, wait} end
    end
    rings[k - 3] = {width, size, head, bucket, slot, count + 1, total + 1, old}
end
if full then return full end

if ARGV[1] == '0' then return now end
if allowed > 0 then
    local till, span = time[1] + ARGV[5], tonumber(ARGV[5])
    redis.call('HSET', KEYS[1], node, slots .. ' until ' .. till)
    if not before or math.floor(till / span) ~= math.floor(before / span) then
        redis.call('EXPIRE', KEYS[1], span * 4) -- once in `span`, not with each message
    end
end
if last then redis.call('HSET', KEYS[3], 'last', last) end
local longest = 7200000 -- ms
for k = 1, #rings do
    ring_write(KEYS[k + 3], unpack(rings[k], 1, 8))
    longest = math.max(longest, rings[k][1] * rings[k][2] + 60000)
end
if ARGV[1] == '1' then return now end
local told = redis.call('HINCRBY', KEYS[#KEYS], node, 1)
redis.call('PEXPIRE', KEYS[#KEYS], longest)
return {0, now, told}
