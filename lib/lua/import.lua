-- import: an entry from a file or of an undo that is taken back, unless what is there is newer.
-- uses entry
--
-- KEYS  1     mxpace:{q:ADDRESS}
-- ARGV  1     now, Unix time; 0: Redis TIME
--       2     when the entry ends by itself, Unix time; 0: never
--       3     newer: kept is what is there if it is newer; add: if it is quarantined; force: never;
--             redo: if it is anything but what that undo left
--       4     of newer: when the entry changed last, Unix time; of redo: "undo ID"
--       then field, value, field, value...; without a field `status` there is no entry, only what
--       others have in its hash
-- Reply {outcome, expiry}
--       outcome: written | same (was there like that) | kept | over (it has ended)
--       expiry: of the entry that is there now, Unix time; 0: never; -1: there is none
--
-- Fields "not:..." are added to those that are there, whatever the outcome; of `delivered` and
-- `before` the later stays, of `ndrs` what is there.
--
-- Why atomic: mxbounce may count an error of the address at this moment.
local now, till = tonumber(ARGV[1]), tonumber(ARGV[2])
if now == 0 then now = tonumber(redis.call('TIME')[1]) end
local key, mode = KEYS[1], ARGV[3]
local there, given = entry_read(key), {}
for i = 5, #ARGV, 2 do given[ARGV[i]] = ARGV[i + 1] end
local sole = 'errors:' .. (given.reason or '')
if given[sole] == given.errors then given[sole] = nil end
if there[sole] == there.errors and there.reason == given.reason then there[sole] = nil end
local function is(name) return tonumber(there[name]) or 0 end

for name, value in pairs(given) do
    if string.sub(name, 1, 4) == 'not:' then
        if not there[name] then redis.call('HSET', key, name, value) end
    elseif name == 'keep' and (not there.keep or is('keep') > 0) then
        local keep = tonumber(value) or 0
        redis.call('HSET', key, 'keep', keep > 0 and math.max(keep, is('keep')) or 0)
    end
end
if given.keep and next(there) == nil then entry_end(key, now + 1) end

local function expiry()
    if not there.status then return -1 end
    local ttl = redis.call('TTL', key)
    return ttl > 0 and now + ttl or 0
end
if not given.status then return {'same', expiry()} end
if till > 0 and till <= now then return {'over', expiry()} end

local lives = there.status and not entry_released(there.status, is('release'), now)
local function newest()
    local at = math.max(is('delivered'), is('before'))
    if there.status then at = math.max(at, is('last'), is('since'), is('held')) end
    if there.released then at = math.max(at, is('release')) end
    return at
end
local function left_by_undo()
    if next(there) == nil then return true end
    local undone = math.max(is('before'), there.status and is('release') or 0)
    return there.released == ARGV[4] and not lives and is('delivered') <= undone
end
local same = true
for name, value in pairs(given) do
    if there[name] ~= value and name ~= 'keep' and string.sub(name, 1, 4) ~= 'not:' and name ~= 'ndrs' then
        same = false
    end
end
if same then return {'same', expiry()} end
if mode == 'newer' and newest() > tonumber(ARGV[4])
    or mode == 'add' and lives and there.status == 'quarantined'
    or mode == 'redo' and not left_by_undo() then
    return {'kept', expiry()}
end

entry_forget(key)
if mode == 'redo' and not given.before then redis.call('HDEL', key, 'before') end
local write = {}
for name, value in pairs(given) do
    if name == 'delivered' or name == 'before' and mode ~= 'redo' then
        value = math.max(tonumber(value) or 0, is(name))
    end
    local others = name == 'keep' or string.sub(name, 1, 4) == 'not:' or name == 'ndrs' and there.ndrs
    if not others and value ~= '' then write[#write + 1], write[#write + 2] = name, value end
end
entry_set(key, write)
entry_end(key, till)
return {'written', till}
