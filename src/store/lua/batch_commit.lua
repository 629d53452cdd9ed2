-- Commits a batch: every version that was staged for it is there at once. None
-- is touched; they are moved to their places later.
--
-- ARGV: layout, hub, batch, { folded name of a CA, stamp, signed count }...
-- Answers: ok, or stale: the batch is, or a CA is another one by now

local refused = write_refusal()
if refused then
    return refused
end

local batch = ARGV[3]

if not staging(batch) then
    return { 'stale' }
end

for i = 4, #ARGV, 3 do
    if ARGV[i + 1] ~= stamp(standing(ARGV[i]))
        or ARGV[i + 2] ~= signed_count(ARGV[i])
    then
        return { 'stale' }
    end
end

commit(batch)

return { 'ok' }
