-- stamp: a message that stands in the rings since another time. Stands behind the prelude ring.

-- It counts as of now. Where its bucket counts no more, or was lost, it is added: what was sent is
-- counted even where that exceeds a limit.
local function ring_stamp(key, width, size, now, stamp)
    local head, bucket, slot, count, total, old = ring_read(key, width, size, now)
    local was, there = math.floor(stamp / width), 0
    if was == bucket then
        there = count
    elseif head and old ~= 'all' and was <= head and was > bucket - size then
        there = tonumber(redis.call('HGET', key, was % size)) or 0
    end
    if there > 0 and was == bucket then return end
    -- The clock went back, so the newest bucket is where it was put.
    if there == 0 and count > 0 and bucket > math.floor(now / width) then return end
    if there > 0 then
        redis.call('HSET', key, was % size, there - 1)
    else
        total = total + 1
    end
    ring_write(key, width, size, head, bucket, slot, count + 1, total, old)
end

-- It was not sent after all. True: it was there still.
local function ring_back(key, width, size, stamp)
    local bucket = math.floor(stamp / width)
    local ring = redis.call('HMGET', key, 'head', 'total', bucket % size)
    local head, total, count = tonumber(ring[1]), tonumber(ring[2]) or 0, tonumber(ring[3]) or 0
    if not head or head < bucket or head - bucket >= size or count == 0 or total == 0 then
        return false
    end
    redis.call('HSET', key, 'total', total - 1, bucket % size, count - 1)
    return true
end
