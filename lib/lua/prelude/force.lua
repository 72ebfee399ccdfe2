-- force: what backoff allows at a time. Stands before each script that says so in a line
-- "-- uses force" of its header.
--
-- mxpace:{g:GROUP}:backoff:IP
--       suspended        nothing goes until then
--       rate grows base  messages an hour; from `grows` on it doubles every minute until it reaches
--                        `base`, and is over
--       share            connections that the rule allows; reduced as the rate is; 0: not
--       few few_grows few_base   connections, likewise
--       last             when the rate let the last message go
--       changed          when all this was written
--       text by why      the provider's reply, the node or operator, the operator's words
-- Times in ms. Recovery is a function of time: nobody has to write it.

-- A function that makes the functions: most takes need none of them.
local function force_functions()
    local SKEW = 60000 -- what was written further ahead than this is another clock's

    local function doubled(value, from, now)
        return now <= from and value or value * 2 ^ ((now - from) / 60000)
    end

    -- In force of the fields at that time: suspended (ms to go), rate (an hour), connections; nil:
    -- nothing.
    local function force_of(f, now)
        if (tonumber(f.changed) or 0) > now + SKEW then return nil end
        local rate, base = tonumber(f.rate), tonumber(f.base) or 0
        local few, few_base = tonumber(f.few), tonumber(f.few_base) or 0
        local share, suspended = tonumber(f.share) or 0, (tonumber(f.suspended) or 0) - now
        rate = rate and doubled(rate, tonumber(f.grows) or 0, now)
        few = few and doubled(few, tonumber(f.few_grows) or 0, now)
        local force = {}
        if suspended > 0 then force.suspended = suspended end
        if rate and rate < base then force.rate = math.max(rate, 1) end
        if few and few < few_base then force.connections = math.floor(few) end
        if force.rate and share > 0 then
            local part = math.max(1, math.floor(share * rate / base))
            force.connections = math.min(part, force.connections or part)
        end
        return next(force) and force
    end

    -- The same of a key, and its fields. What is over is deleted, unless one only looks.
    local function force_read(key, now, looks)
        local all, f = redis.call('HGETALL', key), {}
        for i = 1, #all, 2 do f[all[i]] = all[i + 1] end
        local force = force_of(f, now)
        if not force and #all > 0 and not looks then redis.call('DEL', key) end
        return force, f
    end

    local function force_why(f)
        return f.why and f.why ~= '' and f.why or f.text or ''
    end

    -- For a message: ms until the rate lets it go (0: now), and what to write as `last` then. One
    -- that comes a little late does not delay those after it.
    local function force_wait(force, f, now)
        local interval = 3600000 / force.rate
        local due = (tonumber(f.last) or 0) + interval
        if due - interval > now + SKEW or now >= due then
            return 0, now - due <= math.min(interval / 4, 250) and now >= due and due or now
        end
        -- While it grows, less: ask again when it has doubled.
        local grown = math.max(tonumber(f.grows) or 0, now) + 60000
        return math.ceil(math.min(due, grown) - now)
    end

    -- The reply of a script that is held: 0 paused, 1 suspended.
    local function force_held(pause, force, f)
        if pause then return {3, 0, 0, 0, pause} end
        if force and force.suspended then return {3, 1, force.suspended, 0, force_why(f)} end
    end

    return {doubled = doubled, of = force_of, read = force_read, why = force_why, wait = force_wait,
        held = force_held}
end
