-- warmup_day: what a sending IP's mail to a group came to, on some days.
-- uses date
--
-- KEYS  1     mxpace:{g:GROUP}:stats    what the hour is added to (settle.lua, backoff.lua)
-- ARGV  1     sending IP
--       2     the first day, days since 1970
--       3     how many days
-- Reply {delivered, bounced, deferred, greylisted, complaints, backoffs} of each day, one after the
--       other
--
-- Why a script: 24 hashes a day, read at once.
local reply = {}
local names = {'delivered', 'bounced', 'deferred', 'greylisted', 'complaints', 'backoffs'}
local fields = {}
for i, name in ipairs(names) do fields[i] = ARGV[1] .. ' ' .. name end
for day = tonumber(ARGV[2]), ARGV[2] + ARGV[3] - 1 do
    local date, sums = date_day(day), {0, 0, 0, 0, 0, 0}
    for hour = 0, 23 do
        local key = KEYS[1] .. ':' .. date .. string.format('%02d', hour)
        local counts = redis.call('HMGET', key, unpack(fields))
        for i = 1, #names do sums[i] = sums[i] + (tonumber(counts[i]) or 0) end
    end
    for i = 1, #names do reply[#reply + 1] = sums[i] end
end
return reply
