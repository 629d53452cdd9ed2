-- Certificates with their versions, one step: all by name, or one.
-- It reads only.
--
-- ARGV: layout, hub, folded name (empty: all), cursor (the last name looked at,
--       or empty), "1" for what expires first in the chain, actor whose grants
--       to read count (or empty)
-- Answers: ok, next cursor (empty: no more), { name, folded name, credential
--          id, sequence of the newest version, id of the transitional one (or
--          empty), grants, name, id and expiry of what expires first (or
--          nil), versions }..., each of these { id, facts, signer, expires },
--          newest first, at most STEP of them

local refused = refusal()
if refused then
    return refused
end

local cursor, chains, actor = ARGV[4], ARGV[5] == '1', ARGV[6]
local names = { ARGV[3] }

if ARGV[3] == '' then
    names = redis.call('ZRANGEBYLEX', prefix .. 'certificates',
        cursor == '' and '-' or '(' .. cursor, '+', 'LIMIT', 0, STEP)
end

local function version(id, ...)
    return redis.call('HMGET', prefix .. 'version:' .. id, ...)
end

-- Of a version and those above it: name, id and expiry; and the rows looked at.
local function first_expiry(id)
    local own = version(id, 'name', 'expires', 'signer', 'issuer')
    local first = { own[1], id, own[2] }
    local above, looks = chain(own[3], own[4])
    for _, ca in ipairs(above) do
        local row = version(ca[2], 'name', 'expires')
        if row[2] and first[3] and tonumber(row[2]) < tonumber(first[3]) then
            first = { row[1], ca[2], row[2] }
        end
    end
    return first, looks
end

local answer, work = { 'ok', '' }, 0

for i, name in ipairs(names) do
    local found = standing(name)
    if found and found.type == 'certificate' then
        local ids = redis.call('ZRANGE',
            prefix .. 'versions:' .. found.credential, 0, STEP - 1, 'REV')
        if found.state == 'committed' then
            table.insert(ids, 1, found.staged)
        end

        if work > 0 and work + #ids > STEP then
            answer[2] = names[i - 1]
            break
        end

        local first, looks = { false, false, false }, 0
        if chains then
            first, looks = first_expiry(found.active or found.transitional)
        end

        local versions = {}
        for n, id in ipairs(ids) do
            local row = version(id, 'facts', 'signer', 'expires')
            versions[n] = { id, row[1], row[2], row[3] }
        end

        answer[#answer + 1] = {
            found.name, name, found.credential,
            version(found.newest, 'sequence')[1], found.transitional or '',
            grants(actor, 'r', name), first[1], first[2], first[3], versions
        }
        work = work + #ids + looks
    end

    if i == STEP then
        answer[2] = name
    end
end

return answer
