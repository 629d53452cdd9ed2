-- Certificates by name or by id, with the versions that count.
-- It reads only.
--
-- ARGV: layout, hub, actor whose grants count (or empty), number of look-ups,
--       { "name" or "id", which, letter of the operation }..., fields...
-- Answers: ok, 1 when the hub is read-only, else 0, for each look-up
--          { name, folded name, credential id (empty: none), type, stamp,
--          signed count, id of the newest version, grants, fields of the active
--          version, fields of the transitional one }; no fields: none

local refused = refusal()
if refused then
    return refused
end

local first = 5 + 3 * tonumber(ARGV[4])
local answer = { 'ok', read_only() and 1 or 0 }

local function version(id)
    return id and redis.call('HMGET', prefix .. 'version:' .. id,
        unpack(ARGV, first)) or {}
end

for i = 5, first - 1, 3 do
    local folded, id = ARGV[i + 1], nil
    if ARGV[i] == 'id' then
        id = folded
        folded = redis.call('GET', prefix .. 'certificate:' .. id) or ''
    end

    local found = standing(folded)
    local row = { '', folded, '', '', '', '0', '',
        grants(folded ~= '' and ARGV[3] or '', ARGV[i + 2], folded), {}, {} }

    if found and (not id or found.credential == id) then
        row[1], row[3], row[4] = found.name, found.credential, found.type
        if found.type == 'certificate' then
            row[5], row[6] = stamp(found), signed_count(folded)
            row[7] = found.newest
            row[9] = version(found.active)
            row[10] = version(found.transitional)
        end
    end
    answer[#answer + 1] = row
end

return answer
