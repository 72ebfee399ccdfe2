-- entry: what the scripts about a quarantine entry share.

-- What stays when an entry is forgotten: fields of others, and what later errors are judged by.
local entry_kept = {keep = true, ndrs = true, delivered = true, before = true}

-- Drops the entry from its hash.
local function entry_forget(key)
    local fields = redis.call('HGETALL', key)
    for i = 1, #fields, 2 do
        if not entry_kept[fields[i]] and string.sub(fields[i], 1, 4) ~= 'not:' then
            redis.call('HDEL', key, fields[i])
        end
    end
end

-- Has the hash end then (Unix time; 0: never), but not before its field "keep" (0: never) allows.
local function entry_end(key, till)
    local keep = redis.call('HGET', key, 'keep')
    if till == 0 or keep and tonumber(keep) == 0 then
        redis.call('PERSIST', key)
    else
        redis.call('EXPIREAT', key, math.max(till, tonumber(keep) or 0))
    end
end

-- Is a quarantine over at that time?
local function entry_released(status, release, now)
    return status == 'released' or status == 'quarantined' and release > 0 and release <= now
end
