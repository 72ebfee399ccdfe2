-- delivered_count: recipients who took mail of an account, campaign or list, counted in the hour and
-- the day it was.
-- uses date
--
-- KEYS  1     mxpace:{a:NAME}:stats   what hour and day are added to; or {c:NAME}, {l:NAME}
--       2     mxpace:{a:NAME}:log     source -> the last place that was counted
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     source, of which places are: a host's log, a stream's consumer
--       3     1: count only for one of which something was counted in the 8 days before
--       then place, time, place, time...: places of one source grow (compared as text), and what is
--       not behind the last one was counted before; "": it is not known, and always counts
-- Reply {counted, counted before, of nobody known}
--
-- Mail that is only passed on has a stranger's sender, who must not become an account: hence 3.
--
-- Why atomic: a log that is read again, or by two at once, counts once.
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local stats, log, source = KEYS[1], KEYS[2], ARGV[2]
local last = redis.call('HGET', log, source) or ''
local reply, place, known = {0, 0, 0}, last, {}

local function is_known(day)
    if known[day] == nil then
        known[day] = false
        for d = day, day - 8, -1 do
            if redis.call('EXISTS', stats .. ':' .. date_day(d)) == 1 then
                known[day] = true
                break
            end
        end
    end
    return known[day]
end

local function add(key, ends)
    if ends <= now then return end
    if redis.call('HINCRBY', key, 'delivered', 1) == 1 and redis.call('TTL', key) == -1 then
        redis.call('EXPIREAT', key, ends)
    end
end

for i = 4, #ARGV, 2 do
    local at = math.min(tonumber(ARGV[i + 1]), now)
    local hour, day = math.floor(at / 3600), math.floor(at / 86400)
    local what = 1
    if ARGV[i] ~= '' and ARGV[i] <= place then
        what = 2
    elseif ARGV[3] == '1' and not is_known(day) then
        what = 3
    else
        add(stats .. ':' .. date_hour(hour), hour * 3600 + 691200) -- 8 days
        add(stats .. ':' .. date_day(day), day * 86400 + 34560000) -- 400 days
        if ARGV[i] ~= '' then place = ARGV[i] end
    end
    reply[what] = reply[what] + 1
end
if place ~= last then
    redis.call('HSET', log, source, place)
    redis.call('EXPIRE', log, 34560000)
end
return reply
