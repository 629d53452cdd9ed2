-- The first of several hashes that is approved.
-- It reads only.
--
-- ARGV: layout, hub, key of the owner, type, its folded permission resource,
--       actor whose grants count (or empty), letter of the operation, hashes...
-- Answers: ok, uid of the owner, grants, type, row, or missing: no owner, or
--          none of them, uid (or empty), grants

local refused = refusal()
if refused then
    return refused
end

local uid, allowed = approval_owner(ARGV[3], ARGV[5], ARGV[6], ARGV[7])

for i = 8, uid and #ARGV or 0 do
    local row = approval_row(uid, ARGV[4], ARGV[i])
    if row then
        return { 'ok', uid, allowed, ARGV[4], row }
    end
end

return { 'missing', uid or '', allowed }
