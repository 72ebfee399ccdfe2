-- ring: the messages of a period, in buckets of a hash. Stands before each script that says so in a
-- line "-- uses ring" of its header.
--
-- mxpace:{g:GROUP}:sent:IP:PERIOD has `head`, the newest bucket's number (time / width), `total`,
-- the sum of all counted buckets, and a field per bucket, number modulo ring size. The current
-- bucket and the 64 before it are counted, so no rolling period is ever exceeded and at most 1/64
-- is lost.

-- What counts now: head as it stands; the bucket, its field and count to add to; the total; the
-- fields that count no more (nil: none, 'all': the whole hash).
local function ring_read(key, width, size, now)
    local bucket = math.floor(now / width)
    local slot = tostring(bucket % size) -- once: each number that becomes text costs half a us
    local ring = redis.call('HMGET', key, 'head', 'total', slot)
    local head, total, count = tonumber(ring[1]), tonumber(ring[2]) or 0, tonumber(ring[3]) or 0
    local old
    if not head or bucket - head >= size or head - bucket >= size then
        -- empty, all of it too old, or written by a clock far ahead of this one
        old, total, count = head and 'all', 0, 0
    elseif bucket > head then
        old, count = {}, 0
        for b = head + 1, bucket do old[#old + 1] = b % size end
        for _, n in ipairs(redis.call('HMGET', key, unpack(old))) do
            total = total - (tonumber(n) or 0)
        end
    elseif bucket < head then
        -- the clock went back a little: go on in the newest bucket
        bucket, slot = head, tostring(head % size)
        count = tonumber(redis.call('HGET', key, slot)) or 0
    end
    return head, bucket, slot, count, total, old
end

-- Writes it back with another count of that bucket and another total.
local function ring_write(key, width, size, head, bucket, slot, count, total, old)
    if old == 'all' then
        redis.call('DEL', key)
    elseif old then
        redis.call('HDEL', key, unpack(old))
    end
    if bucket == head then
        redis.call('HSET', key, 'total', total, slot, count)
    else
        redis.call('HSET', key, 'head', bucket, 'total', total, slot, count)
        redis.call('PEXPIRE', key, (size + 1) * width)
    end
end
