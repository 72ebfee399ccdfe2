-- guard_count: an error that changed an entry, for the outage guard of its group and reason.
--
-- KEYS  1     mxpace:{g:GROUP}:guard:REASON
--       2     mxpace:{g:GROUP}:answers
--       3     mxpace:{g:GROUP}:lately:REASON    zset: address -> when it was quarantined
--       4     mxpace:{g:GROUP}:guarded:REASON   zset: address -> when its error was counted
-- ARGV  1     errors of the reason in all groups, ever, as read before this one was added
--       2     window in minutes    3  floor    4  factor
--       5     the address    6  outcome of error.lua    7  1: a guard was known to hold
-- Reply the numbers of struct guard_figures (lib/guard.h), in its order
--
-- The run: errors of this group one after another. Each adds 1000 to its score. An error of another
-- group takes S / (1 - S) * 1000, where S is the share in all errors that would be far above the
-- group's usual one: factor times that, within 50 and 80 percent; 80 while nothing is usual yet. In
-- a window without any it loses `floor` errors. At 0 the run is over, and the next error begins
-- another one. A group that usually has over 80 percent of the errors is not compared.
--
-- What is usual: the minutes before the window but those of an outage, halved each time that two
-- days of minutes with errors have come together.
--
-- Why atomic: many mxbounce count at once, and a trip must be seen by the next.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local key, all, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local floor, factor = tonumber(ARGV[3]), tonumber(ARGV[4])
local minute = math.floor(now / 60000)
local names = {'state', 'since', 'far', 'excused', 'run', 'begun', 'score', 'last', 'count', 'others',
    'minute', 'usual', 'usual_tried', 'usual_all', 'usual_minutes'}
local f = {}
for i, value in ipairs(redis.call('HMGET', key, unpack(names))) do
    f[names[i]] = tonumber(value or 0) or value
end
f.state = f.state ~= 0 and f.state
local held = f.state == 'held'

-- Once a minute: what lies before the window becomes usual, or is forgotten.
if f.minute ~= minute then
    local hash, limit, last = redis.call('HGETALL', key), minute - window, 0
    local answers = redis.call('HGETALL', KEYS[2])
    local from = tonumber(redis.call('HGET', key, 'folded') or 0) or 0
    for i = 1, #hash, 2 do
        local kind, at = string.match(hash[i], '^(%l):(%d+)$')
        if kind and tonumber(at) <= limit then
            if not held then
                local name = kind == 'n' and 'usual' or 'usual_all'
                f[name] = f[name] + tonumber(hash[i + 1])
                if kind == 'n' then f.usual_minutes = f.usual_minutes + 1 end
            end
            redis.call('HDEL', key, hash[i])
        end
    end
    for i = 1, #answers, 2 do
        local at = tonumber(string.match(answers[i], '^tried:(%d+)$') or 0)
        if at > from and at <= limit and not held then
            f.usual_tried = f.usual_tried + tonumber(answers[i + 1])
        end
    end
    if f.usual_minutes > 2880 then
        for _, name in ipairs({'usual', 'usual_tried', 'usual_all', 'usual_minutes'}) do
            f[name] = math.floor(f[name] / 2)
        end
    end
    redis.call('HSET', key, 'minute', minute, 'folded', limit, 'usual', f.usual, 'usual_tried',
        f.usual_tried, 'usual_all', f.usual_all, 'usual_minutes', f.usual_minutes)
end

-- The run
local others = math.max(all - f.count, 0)
local between = f.count > 0 and math.max(others - f.others, 0) or 0
if others < f.others - 1000 then f.others = others end -- another Redis
local share, weight = 0.8, 0
if f.usual_all >= 100 then share = f.usual / f.usual_all end
if f.usual_all < 100 or share < 0.8 then
    if f.usual_all >= 100 then share = math.min(math.max(share * factor, 0.5), 0.8) end
    weight = share / (1 - share) * 1000
end
local score = f.score - weight * between - floor * 1000 * (now - f.last) / (window * 60000)
if f.run == 0 or score <= 0 then score, f.run, f.begun = 0, 0, now end
score = math.floor(math.min(score + 1000, floor * 3000))
f.run = f.run + 1
redis.call('HSET', key, 'run', f.run, 'begun', string.format('%d', f.begun), 'score', score, 'last',
    string.format('%d', now), 'count', f.count + 1, 'others', math.max(others, f.others))
redis.call('HINCRBY', key, 'n:' .. minute, 1)
redis.call('HINCRBY', key, 'a:' .. minute, 1 + between)

-- The window
local function sum(hash, prefix, minutes)
    local fields, total = {}, 0
    for i = 0, minutes - 1 do fields[i + 1] = prefix .. (minute - i) end
    for _, value in ipairs(redis.call('HMGET', hash, unpack(fields))) do
        total = total + (tonumber(value) or 0)
    end
    return total
end
local answers = redis.call('HMGET', KEYS[2], 'outcome', 'excess')
local outcome = tonumber(answers[1]) or 0

-- The addresses
local second = math.floor(now / 1000)
if ARGV[6] == 'quarantined' then
    redis.call('ZADD', KEYS[3], second, ARGV[5])
    if not f.state then
        redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', second - window * 60)
        redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -1001)
        redis.call('EXPIRE', KEYS[3], window * 60)
    else
        redis.call('EXPIRE', KEYS[3], 7776000) -- 90 days, as guard_set.lua; it may be new
    end
elseif ARGV[7] == '1' then
    redis.call('ZADD', KEYS[4], 'NX', second, ARGV[5])
    redis.call('EXPIRE', KEYS[4], 7776000) -- 90 days, as entries that are held
end
if not f.state then redis.call('EXPIRE', key, 691200) end -- 8 days

return {held and 1 or f.state and 2 or 0, f.since, f.far, f.excused, now, f.run, f.begun, score,
    sum(key, 'n:', window), sum(KEYS[2], 'tried:', window), sum(key, 'n:', 2),
    sum(KEYS[2], 'tried:', 2), now - (minute - 1) * 60000, outcome > second - 3600 and 1 or 0,
    tonumber(answers[2]) or 0, f.usual, f.usual_tried, f.usual_all, f.usual_minutes}
