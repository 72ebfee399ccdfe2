-- sender: what the scripts about an account share. Stands behind the prelude date.
--
-- mxpace:{a:NAME}
--       state since why by        review, suspended, probation; none: ok
--       sent hard complaint       the last 24 hours when it began; rate_hard, rate_complaint: percent
--       exempt                    1: by an operator's order
--       from skip_sent skip_hard skip_complaint   when it was resumed, and what that hour had then:
--                                 nothing before counts
--       stage allowance           probation: good days so far, recipients a day
--       day day_sent day_hard day_complaint       probation: the day under way
--       until                     probation: the allowance is used up until then

local sender_fields = {'state', 'since', 'why', 'by', 'sent', 'hard', 'complaint', 'exempt', 'from',
    'skip_sent', 'skip_hard', 'skip_complaint', 'stage', 'allowance', 'day', 'day_sent', 'day_hard',
    'day_complaint', 'until'}

local function sender_read(key)
    local f = {}
    for i, value in ipairs(redis.call('HMGET', key, unpack(sender_fields))) do
        f[sender_fields[i]] = value or nil
    end
    f.before = f.state or 'ok'
    f.state = f.before
    return f
end

-- Sent, hard bounces and complaints of the last 24 hours, since it was resumed.
local function sender_window(stats, f, now)
    local hour, from = math.floor(now / 3600), tonumber(f.from) or 0
    local first, sum = math.max(hour - 23, math.floor(from / 3600)), {0, 0, 0}
    for h = first, hour do
        local n = redis.call('HMGET', stats .. ':' .. date_hour(h), 'sent', 'hard', 'complaint')
        for i = 1, 3 do sum[i] = sum[i] + (tonumber(n[i]) or 0) end
    end
    if from > 0 and first == math.floor(from / 3600) then
        for i, name in ipairs({'skip_sent', 'skip_hard', 'skip_complaint'}) do
            sum[i] = math.max(0, sum[i] - (tonumber(f[name]) or 0))
        end
    end
    return {sent = sum[1], hard = sum[2], complaint = sum[3]}
end

local function sender_percent(part, sent)
    return sent > 0 and string.format('%.2f', 100 * part / sent) or '0'
end

-- Another state from now on. w: the window.
local function sender_become(key, f, state, now, w, why, by)
    f.state, f.since, f.why, f.by, f['until'] = state, now, why, by, nil
    f.sent, f.hard, f.complaint = w.sent, w.hard, w.complaint
    redis.call('HDEL', key, 'until', 'stage', 'allowance', 'day', 'day_sent', 'day_hard',
        'day_complaint')
    redis.call('HSET', key, 'state', state, 'since', now, 'why', why, 'by', by, 'sent', w.sent,
        'hard', w.hard, 'complaint', w.complaint, 'rate_hard', sender_percent(w.hard, w.sent),
        'rate_complaint', sender_percent(w.complaint, w.sent))
    if state == 'suspended' or f.exempt == '1' then
        redis.call('PERSIST', key)
    else
        redis.call('EXPIRE', key, 34560000) -- 400 days
    end
end

-- full: 1 where today's allowance is used up by this very call.
local function sender_reply(again, full, f)
    return {again and 1 or 0, f.state ~= f.before and 1 or 0, full and 1 or 0, f.before, f.state,
        tonumber(f.since) or 0, tonumber(f['until']) or 0, tonumber(f.allowance) or 0,
        tonumber(f.stage) or 0, tonumber(f.sent) or 0, tonumber(f.hard) or 0,
        tonumber(f.complaint) or 0, f.why or '', f.by or '', f.exempt == '1' and 1 or 0}
end
