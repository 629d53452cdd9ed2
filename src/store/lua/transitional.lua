-- Makes a version of a certificate the transitional one, or none.
--
-- ARGV: layout, hub, folded name, stamp, version id ("latest": the newest,
--       empty: none), batch to commit with it (empty: nothing was staged),
--       signed count of the certificate (empty: no batch), guard
-- Answers: ok, or stale; mismatched: it has no such version

local refused = write_refusal() or denial(8)
if refused then
    return refused
end

local folded, id, batch = ARGV[3], ARGV[5], ARGV[6]
local found = standing(folded)

if ARGV[4] == '' or ARGV[4] ~= stamp(found)
    or ARGV[7] ~= '' and not complete(batch, folded, ARGV[7])
then
    return { 'stale' }
end

if id == 'latest' then
    id = found.newest
elseif id ~= '' and not has_version(found, id) then
    return { 'mismatched' }
end

found.transitional = id ~= '' and id or nil

local row = rank(found)
before_settle(found)

-- From here on only writes. The first one is refused when memory is out.
changed('transitional', folded, id)
settle(found, batch)
show(found, row)
commit(batch)

return { 'ok' }
