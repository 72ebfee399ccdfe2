-- backoff: a provider's reply that a backoff rule knew, an operator's order, or a look at what is
-- in force.
-- uses force date
--
-- KEYS  1     mxpace:{g:GROUP}:backoff:IP  hash (force.lua)
--       2     mxpace:{g:GROUP}:hits:IP     hash: number of the rule -> "BUCKET:HITS BUCKET:HITS..."
--       3     mxpace:{g:GROUP}:pace:IP     hash: second modulo 64 -> "SECOND MESSAGES", accepted
--       4     mxpace:{g:GROUP}:stats        what the hour is added to: "IP backoffs" there
-- ARGV  1     sending IP
--       2     read | hit | set
--       3     messages an hour that the MX rule allows, 4 connections; 0: no limit
--       5     ms until recovery begins
--       6     node or operator
--       7     reduce | one_connection | suspend; of an order "" as well
--       hit:  8 reply   9 number of the rule   10 factor   11 least messages an hour
--             12 hits that lead to the action, 13 within buckets of so many ms, 14 so many buckets
--       set:  8 why     9 messages an hour   10 connections; 0: not limited
-- Reply {1: changed by this, action in force or "", messages an hour, connections (0: not limited),
--       ms until recovery begins, hits, reply, by, why}
--
-- Why atomic: twenty nodes bring the same provider's replies at once, and a minute counts once.
local GUESS = 3600 -- an hour's messages where neither a limit nor what was accepted tells
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local verb, per_hour, connections = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local hold, changed, hits = tonumber(ARGV[5]), 0, 0
local functions = force_functions()
local force, f = functions.read(KEYS[1], now, verb == 'read')
if not force then force, f = {}, {} end

-- Accepted in the last so many seconds, as messages an hour. since_first: of the time since the
-- first of the last minute, if that is shorter: mail may just have begun to flow.
local function accepted(seconds, since_first)
    local sum, oldest, all = 0, 0, redis.call('HGETALL', KEYS[3])
    for i = 2, #all, 2 do
        local second, count = string.match(all[i], '^(%d+) (%d+)$')
        local age = second and time[1] - second
        if age and age >= 0 and age < seconds then sum = sum + count end
        if age and age >= 0 and age < 60 then oldest = math.max(oldest, age) end
    end
    local flowing = math.max(1, oldest + time[2] / 1000000)
    return sum * 3600 / (since_first and math.min(seconds, flowing) or seconds)
end

local function observed()
    local most = 1.1 * math.max(accepted(10, true), accepted(60, true))
    return most > 0 and most or nil
end

-- What was allowed before: recovery ends there.
local function base()
    if force.rate then return tonumber(f.base) end
    if per_hour > 0 then return per_hour end
    return 2 * (observed() or GUESS / 2)
end

-- Adds this hit to the rule's; true: they are enough for its action.
local function count_hit()
    local width, size = tonumber(ARGV[13]), tonumber(ARGV[14])
    local bucket, kept, mine = math.floor(now / width), {}, 1
    local before = redis.call('HGET', KEYS[2], ARGV[9]) or ''
    for at, n in string.gmatch(before, '(%d+):(%d+)') do
        local age = bucket - at
        if age == 0 then
            mine = mine + n
        elseif age < size and age > -size then
            kept[#kept + 1] = at .. ':' .. n
            hits = hits + n
        end
    end
    hits = hits + mine
    if hits >= tonumber(ARGV[12]) then
        redis.call('HDEL', KEYS[2], ARGV[9])
        return true
    end
    kept[#kept + 1] = string.format('%.0f:%d', bucket, mine)
    redis.call('HSET', KEYS[2], ARGV[9], table.concat(kept, ' '))
    redis.call('PEXPIRE', KEYS[2], math.max(redis.call('PTTL', KEYS[2]), (size + 1) * width))
    return false
end

local function later(name, ms)
    return math.max(ms, force.suspended and tonumber(f.suspended) or 0, tonumber(f[name]) or 0)
end

-- The rate that another reduction leads to; nil: not yet.
local function reduced()
    local now_allowed = force.rate or per_hour > 0 and per_hour or observed() or GUESS
    local floor = math.max(tonumber(ARGV[11]), per_hour / 100, 1)
    local since, rate = now - (tonumber(f.reduced) or 0), nil
    if not force.rate or since >= 60000 then
        rate = tonumber(ARGV[10]) * math.min(now_allowed, observed() or now_allowed)
    elseif since >= 10000 and accepted(10) > 0 then
        rate = 0.9 * accepted(10)
    else
        return nil
    end
    return math.min(now_allowed, math.max(floor, rate))
end

local actions = {
    reduce = function()
        local rate, top = reduced(), base()
        if not rate or rate >= top then return end
        if not force.rate or rate < force.rate then changed = 1 end
        f.grows, f.rate, f.base, f.share = later('grows', now + hold), rate, top, connections
        f.reduced = now
    end,
    one_connection = function()
        local few, top = tonumber(f.few), tonumber(f.few_base)
        few = few and functions.doubled(few, tonumber(f.few_grows), now)
        if few and few >= top then few = nil end -- over
        if not few or few >= 2 then changed = 1 end
        f.few_base = few and top or connections > 0 and connections or 64
        f.few, f.few_grows = 1, later('few_grows', now + hold)
    end,
    suspend = function()
        local top = base()
        if not force.suspended then changed = 1 end
        f.suspended = later('suspended', now + hold)
        f.rate, f.base = math.max(1, math.min(force.rate or top, top / 10)), top
        f.grows, f.share, f.reduced = later('grows', f.suspended), connections, now
    end,
}

local function order()
    local rate, few = tonumber(ARGV[9]), tonumber(ARGV[10])
    force, f = {}, {why = ARGV[8]}
    if ARGV[7] == 'suspend' then
        actions.suspend()
    elseif rate > 0 then
        f.rate, f.base, f.grows = rate, per_hour > rate and per_hour or rate * 16, now + hold
    end
    if few > 0 then
        f.few, f.few_grows = few, now + hold
        f.few_base = connections > few and connections or few * 16
    end
    changed = 1
end

-- When a value that doubles every minute reaches its end.
local function over(value, grows, top)
    if not value then return 0 end
    return grows + math.max(0, 60000 * math.log(top / value) / math.log(2))
end

local acts = false
if verb == 'set' then
    order()
    acts = true
elseif verb == 'hit' and count_hit() then
    actions[ARGV[7]]()
    acts = functions.of(f, now) ~= nil
    if acts then f.text, f.why = ARGV[8], '' end
end
if acts then
    f.changed, f.by = now, ARGV[6]
    local fields, ends = {}, math.max(over(tonumber(f.rate), f.grows, f.base),
        over(tonumber(f.few), f.few_grows, f.few_base), tonumber(f.suspended) or 0)
    for name, value in pairs(f) do
        fields[#fields + 1] = name
        fields[#fields + 1] = type(value) == 'number' and string.format('%.14g', value) or value
    end
    redis.call('DEL', KEYS[1])
    redis.call('HSET', KEYS[1], unpack(fields))
    redis.call('PEXPIRE', KEYS[1], math.ceil(ends - now) + 60000)
    force = functions.of(f, now) or {}
end
if acts and verb == 'hit' then -- a provider's, not an operator's: for warm-ups
    local stats, name = KEYS[4] .. ':' .. date_hour(math.floor(time[1] / 3600)), ARGV[1] .. ' backoffs'
    if changed == 1 then
        redis.call('HINCRBY', stats, name, 1)
    else
        redis.call('HSETNX', stats, name, 1)
    end
    if redis.call('TTL', stats) < 0 then redis.call('EXPIRE', stats, 691200) end -- 8 days
end

if not next(force) then return {changed, '', 0, 0, 0, hits, '', '', ''} end
local action = force.suspended and 'suspend' or force.rate and 'reduce' or
    tonumber(f.few) == 1 and 'one_connection' or 'connections'
local recovers = force.suspended or math.max(0, (force.rate and tonumber(f.grows) or 0) - now,
    (tonumber(f.few_grows) or 0) - now)
return {changed, action, math.floor(force.rate or 0), force.connections or 0, recovers, hits,
    f.text or '', f.by or '', f.why or ''}
