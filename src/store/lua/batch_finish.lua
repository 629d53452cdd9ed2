-- One step of ending a batch: versions of a committed one go to their places,
-- those of another are thrown away.
--
-- ARGV: layout, hub, batch, which is given up unless it is committed (empty:
--       any that is committed, stale, or past its time)
-- Answers: ok, 1 when there is more to do, else 0

local ROWS = 100
local DAY = 86400

local refused = refusal()
if refused then
    return refused
end

local batch, others = ARGV[3], false

if batch == '' then
    for _, id in ipairs(redis.call('SRANDMEMBER', prefix .. 'batches', STEP)) do
        if not staging(id) then
            others = batch ~= ''
            batch = id
        end
    end
end

if batch == '' or read_only() then
    return { 'ok', 0 }
end

local batch_key = prefix .. 'batch:' .. batch
local rows_key = prefix .. 'batch_rows:' .. batch
local committed = redis.call('HGET', batch_key, 'state') == 'committed'
local ids = redis.call('LRANGE', rows_key, 0, ROWS - 1)
local rest = redis.call('LLEN', rows_key) > #ids
local keys, rows = seal_keys(), {}

redis.call('SCARD', prefix .. 'batches')

for _, id in ipairs(ids) do
    local row = redis.call('HMGET', prefix .. 'version:' .. id,
        'folded', 'credential', 'batch', 'signer')
    -- a write to the certificate may have moved it already
    if row[3] == batch then
        local found = standing(row[1])
        if found and found.batch == batch and found.staged == id then
            before_settle(found)
        else
            found = nil
        end
        redis.call('ZCARD', prefix .. 'versions:' .. row[2])
        before_signer(row[2], row[4])
        rows[#rows + 1] = { id = id, folded = row[1], credential = row[2],
            signer = row[4], found = found }
    end
end

-- From here on only writes. Redis takes the first one even when it is out of
-- memory.
redis.call('LTRIM', rows_key, #ids, -1)
if not committed and redis.call('EXISTS', batch_key) == 1 then
    redis.call('HSET', batch_key, 'state', 'stale')
end

for _, row in ipairs(rows) do
    if row.found then
        settle(row.found, batch)
    end
    if not (row.found and committed) then
        remove_versions(row.credential, { row.id }, keys)
        count_signer(row.credential, row.folded, row.signer, -1)
    end
end

-- Who still stages for a batch that was given up must not begin it anew.
if not rest then
    redis.call('SREM', prefix .. 'batches', batch)
    if committed then
        redis.call('UNLINK', batch_key)
    else
        redis.call('EXPIRE', batch_key, DAY)
    end
end

return { 'ok', (rest or others) and 1 or 0 }
