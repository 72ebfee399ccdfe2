-- sender: what became of mail of an account, campaign or list, counted by hour and day; and for an
-- account, what follows.
-- uses date sender
--
-- KEYS  1     mxpace:{a:NAME}         the account's state (prelude sender); or {c:NAME}, {l:NAME}
--       2     mxpace:{a:NAME}:stats   what hour and day are added to: "...:stats:2026112208"
--       3     mxpace:{a:NAME}:seen    what the day is added to: ids that were counted
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     id; the same one counts once in two days; "": always
--       3     0: nothing follows, 1: what the thresholds say, 2: exempt, always ok
--       4-6   hard bounces: review and suspended from so many millionths, and from so many sent;
--       7-9   complaints: likewise; 0 millionths: no such threshold
--       10    probation: recipients on the first day   11  times as many after each good day
--       12    good days after which it is over
--       then field, count, field, count...: an hour or day takes 1000 fields "group:..." (`groups`
--       counts them), as hostile MX records make groups; a day, and no hour, 10 "text:..." (`texts`)
-- Reply {again, changed, full, state before, state, since, until, allowance, good days, sent, hard
--       bounces, complaints, why, by, exempt}; the last three figures are those of the state's
--       beginning, again, changed and full 1 or 0 (prelude sender)
--
-- Why atomic: every node and every mxbounce counts for the whole fleet; one of them, and one only,
-- is told of a change.
local now = tonumber(ARGV[1])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local key, stats, id, follows = KEYS[1], KEYS[2], ARGV[2], ARGV[3]
local today = math.floor(now / 86400)

if id ~= '' then
    local seen = KEYS[3] .. ':' .. date_day(today)
    if redis.call('SISMEMBER', KEYS[3] .. ':' .. date_day(today - 1), id) == 1 or
        redis.call('SADD', seen, id) == 0 then
        return sender_reply(true, false, sender_read(key))
    end
    redis.call('EXPIRE', seen, 172800)
end

-- Counting.
local counted = {sent = 0, hard = 0, complaint = 0}
local hour = stats .. ':' .. date_hour(math.floor(now / 3600))
local day = stats .. ':' .. date_day(today)
local most_of = {group = 1000, text = 10}
local function add(to, field, n)
    local kind = string.match(field, '^(%a+):')
    local most = kind and most_of[kind]
    if kind == 'text' and to == hour then return end
    if most and not redis.call('HGET', to, field) then
        if (tonumber(redis.call('HGET', to, kind .. 's')) or 0) >= most then return end
        redis.call('HINCRBY', to, kind .. 's', 1)
    end
    redis.call('HINCRBY', to, field, n)
end
for i = 13, #ARGV, 2 do
    add(hour, ARGV[i], ARGV[i + 1])
    add(day, ARGV[i], ARGV[i + 1])
    if counted[ARGV[i]] then counted[ARGV[i]] = counted[ARGV[i]] + tonumber(ARGV[i + 1]) end
end
redis.call('EXPIRE', hour, 691200)  -- 8 days
redis.call('EXPIRE', day, 34560000) -- 400 days
if follows == '0' then return {0, 0, 0, 'ok', 'ok', 0, 0, 0, 0, 0, 0, 0, '', '', 0} end

local p = {}
for i, name in ipairs({'review_hard', 'suspend_hard', 'floor', 'review_complaints',
    'suspend_complaints', 'floor_complaints', 'start', 'factor', 'days'}) do
    p[name] = tonumber(ARGV[3 + i])
end
local f = sender_read(key)

local function over(part, sent, millionths, floor)
    return millionths > 0 and sent >= floor and sent > 0 and part * 1000000 >= millionths * sent
end

-- suspended | review | ok, and why
local function judge(w, before)
    local kept = before == 'review' and 0.8 or 1
    if over(w.hard, w.sent, p.suspend_hard, p.floor) then return 'suspended', 'hard bounces' end
    if over(w.complaint, w.sent, p.suspend_complaints, p.floor_complaints) then
        return 'suspended', 'complaints'
    end
    if over(w.hard, w.sent, p.review_hard * kept, p.floor) then return 'review', 'hard bounces' end
    if over(w.complaint, w.sent, p.review_complaints * kept, p.floor_complaints) then
        return 'review', 'complaints'
    end
    return 'ok', ''
end

if follows == '2' or f.exempt == '1' then
    if f.state ~= 'ok' then
        sender_become(key, f, 'ok', now, sender_window(stats, f, now), 'exempt', 'configuration')
    end
    return sender_reply(false, false, f)
end

local bad = counted.hard > 0 or counted.complaint > 0
if f.state ~= 'suspended' and (bad or f.state ~= 'ok') then
    local w = sender_window(stats, f, now)
    local level, why = judge(w, f.state)
    if level == 'suspended' or f.state ~= 'probation' and level ~= f.state then
        sender_become(key, f, level, now, w, why, 'thresholds')
    end
end
if f.state ~= 'probation' then return sender_reply(false, false, f) end

-- Probation: the day that ended, then the one under way.
local d = {day = tonumber(f.day) or today, sent = tonumber(f.day_sent) or 0,
    hard = tonumber(f.day_hard) or 0, complaint = tonumber(f.day_complaint) or 0}
local stage = tonumber(f.stage) or 0
local allowance = tonumber(f.allowance) or p.start
if today > d.day then
    local good = d.sent * 2 >= allowance and
        not over(d.hard, d.sent, p.review_hard, 1) and
        (d.complaint <= 1 or not over(d.complaint, d.sent, p.review_complaints, 1))
    if good then
        stage, allowance = stage + 1, math.floor(allowance * p.factor)
    end
    d = {day = today, sent = 0, hard = 0, complaint = 0}
    f['until'] = nil
    redis.call('HDEL', key, 'until')
end
if stage >= p.days then
    sender_become(key, f, 'ok', now, sender_window(stats, f, now), 'good days', 'thresholds')
    return sender_reply(false, false, f)
end
for name, n in pairs(counted) do d[name] = d[name] + n end
f.stage, f.allowance = stage, allowance
redis.call('HSET', key, 'stage', stage, 'allowance', allowance, 'day', d.day, 'day_sent', d.sent,
    'day_hard', d.hard, 'day_complaint', d.complaint)
local full = d.sent >= allowance and not f['until']
if full then
    f['until'] = (today + 1) * 86400
    redis.call('HSET', key, 'until', f['until'])
end
return sender_reply(false, full, f)
