-- entry: what the scripts about a quarantine entry share.

-- So that Redis keeps the hash in one small piece of memory (a listpack: hash-max-listpack-value is 64)
-- a text of more than 64 bytes stands in several fields, `text`, `text:2` to `text:4`; and what an entry
-- would have most of the time is left out: `by` is mxbounce, `quiet` 864000, and all errors are of
-- `reason` where no `errors:REASON` says otherwise.
local entry_piece, entry_pieces = 64, 4
local entry_texts = {text = true, mx = true, message = true, campaign = true, list = true, account = true,
    group = true, rule = true}
local entry_usual = {by = 'mxbounce', quiet = '864000'}

-- Sets fields (name, value, name, value...); an empty or usual value removes the field.
local function entry_set(key, pairs_)
    local set, gone = {}, {}
    for i = 1, #pairs_, 2 do
        local name, value = pairs_[i], tostring(pairs_[i + 1])
        if value == '' or value == entry_usual[name] then
            gone[#gone + 1] = name
        else
            set[#set + 1], set[#set + 2] = name, entry_texts[name] and string.sub(value, 1, entry_piece) or value
        end
        for n = 2, entry_texts[name] and entry_pieces or 1 do
            local last = n < entry_pieces and n * entry_piece or -1
            local piece = string.sub(value, (n - 1) * entry_piece + 1, last)
            if piece == '' then
                gone[#gone + 1] = name .. ':' .. n
            else
                set[#set + 1], set[#set + 2] = name .. ':' .. n, piece
            end
        end
    end
    if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
    if #set > 0 then redis.call('HSET', key, unpack(set)) end
end

-- All of a hash, texts in one piece, what was left out in place.
local function entry_read(key)
    local fields, all = redis.call('HGETALL', key), {}
    for i = 1, #fields, 2 do all[fields[i]] = fields[i + 1] end
    for name in pairs(entry_texts) do
        for n = 2, all[name] and entry_pieces or 1 do
            if #all[name] == (n - 1) * entry_piece then all[name] = all[name] .. (all[name .. ':' .. n] or '') end
            all[name .. ':' .. n] = nil
        end
    end
    if all.status and all.status ~= 'none' then
        for name, value in pairs(entry_usual) do all[name] = all[name] or value end
    end
    return all
end

-- Errors of one reason: what its field says, the entry's reason, and errors of all.
local function entry_errors(field, reason, of, total)
    return tonumber(field) or (of == reason and total) or 0
end

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
