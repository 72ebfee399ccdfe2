-- answers: how many recipients of a group were tried lately, and how the provider answered.
--
-- KEYS  1     mxpace:{g:GROUP}:answers
-- ARGV  1     recipients tried (egress: delivered or refused; admission: let through)
--       2     1: what became of them is known
--       3-4   thousandths: the sum of what they add to the excess, and the greatest sum of those at
--             the end (a refused one adds 1000, a delivered one takes RATIO / (100 - RATIO) * 1000)
-- Reply 1
--
-- The excess says how many more were refused than the ratio allows, since it was last none: a sum
-- that never falls below 0. It is at most 1000 recipients, so that it can fall again.
--
-- Why atomic: nodes add at once, and guard_count reads it.
local now = tonumber(redis.call('TIME')[1])
local key, tried, minute = KEYS[1], tonumber(ARGV[1]), math.floor(now / 60)
if tried > 0 and redis.call('HINCRBY', key, 'tried:' .. minute, tried) == tried then
    for _, field in ipairs(redis.call('HKEYS', key)) do
        local old = string.match(field, '^tried:(%d+)$')
        if old and tonumber(old) <= minute - 128 then redis.call('HDEL', key, field) end
    end
end
if ARGV[2] == '1' then
    local excess = (tonumber(redis.call('HGET', key, 'excess')) or 0) + tonumber(ARGV[3])
    excess = math.min(math.max(excess, tonumber(ARGV[4])), 1000000)
    redis.call('HSET', key, 'excess', string.format('%d', excess), 'outcome', now)
end
redis.call('EXPIRE', key, 86400)
return 1
