-- grant: a slot, an open connection, for one delivery of a node, out of what all nodes may have.
-- uses ring stamp force
--
-- KEYS  1     mxpace:{g:GROUP}:conn:IP     hash: node -> "OPEN until UNIXTIME"
--       2     mxpace:{g:GROUP}:wait:IP     hash: node -> "SINCE_MS until MS", its oldest waiter
--       3     mxpace:{g:GROUP}:pause
--       4     mxpace:{g:GROUP}:backoff:IP  hash (force.lua)
--       5...  mxpace:{g:GROUP}:sent:IP:PERIOD  rings (ring.lua)
-- ARGV  1     node
--       2     connections this node would then have, the new one included
--       3     connections allowed to all nodes together; 0: no limit
--       4     seconds for which the node's figure counts unless renewed
--       5     ms for which the delivery that asks has waited
--       6     1: others wait on this node behind it
--       7     when its message was taken, ms; stamped anew if granted; 0: none
--       then for each ring: bucket width in ms, number of buckets
-- Reply granted  {0, now_ms, open on all nodes without it, on others, allowed}
--       no slot  {1, open on all nodes, on others, allowed, 1: there is one, but not for this node}
--       held     {3, 0 paused | 1 suspended, ms until it is worth asking again, 0, why}
--
-- Granted or not, the node's figure is published. Of several nodes that wait the one whose delivery
-- has waited longest goes first: an attempt keeps a place in `wait` for a moment, in which the next
-- attempt renews it; who does not come again loses it.
-- Why atomic: what is open is summed up and taken from on behalf of the whole fleet.
local PLACE = 150 -- ms
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local node, slots, allowed = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local others, before = 0, nil
local nodes = redis.call('HGETALL', KEYS[1])
for i = 1, #nodes, 2 do
    local count, till = string.match(nodes[i + 1], '^(%d+) until (%d+)$')
    if nodes[i] == node then
        before = till
    elseif count and tonumber(till) * 1000 > now then
        others = others + count
    end
end

local function publish(figure)
    if figure <= 0 then
        redis.call('HDEL', KEYS[1], node)
        return
    end
    local till, span = time[1] + ARGV[4], tonumber(ARGV[4])
    redis.call('HSET', KEYS[1], node, figure .. ' until ' .. till)
    if not before or math.floor(till / span) ~= math.floor(before / span) then
        redis.call('EXPIRE', KEYS[1], span * 4)
    end
end

local function wait_since(since)
    redis.call('HSET', KEYS[2], node, string.format('%.0f until %.0f', since, now + PLACE))
    redis.call('PEXPIRE', KEYS[2], PLACE * 20)
end

-- Nodes with a delivery that waits longer.
local function ahead_of(since)
    local ahead, waiting = 0, redis.call('HGETALL', KEYS[2])
    for i = 1, #waiting, 2 do
        local from, till = string.match(waiting[i + 1], '^(%d+) until (%d+)$')
        local left = (tonumber(till) or 0) - now
        if waiting[i] ~= node and left > 0 and left <= PLACE and tonumber(from) < since then
            ahead = ahead + 1
        end
    end
    return ahead
end

if redis.call('EXISTS', KEYS[3], KEYS[4]) > 0 then
    local backoff = force_functions()
    local force, f = backoff.read(KEYS[4], now)
    local held = backoff.held(redis.call('GET', KEYS[3]), force, f)
    if held then
        publish(slots - 1)
        return held
    end
    if force and force.connections then
        allowed = allowed > 0 and math.min(allowed, force.connections) or force.connections
    end
end

local open, since = others + slots - 1, now - ARGV[5]
local in_turn = allowed > 0 and open < allowed and allowed - open <= ahead_of(since)
if in_turn or allowed > 0 and open >= allowed then
    publish(slots - 1)
    wait_since(since)
    return {1, open, others, allowed, in_turn and 1 or 0}
end
publish(slots)
if ARGV[6] == '1' then
    wait_since(now) -- until the next of them says how long it has waited
else
    redis.call('HDEL', KEYS[2], node)
end
if ARGV[7] ~= '0' then
    for k = 5, #KEYS do
        local a = 8 + (k - 5) * 2
        ring_stamp(KEYS[k], tonumber(ARGV[a]), tonumber(ARGV[a + 1]), now, tonumber(ARGV[7]))
    end
end
return {0, now, open, others, allowed}
