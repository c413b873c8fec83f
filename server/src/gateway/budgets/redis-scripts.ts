/** What both scripts begin with: the time, and a count with its leases that nobody settled turned into what was used. */
const begin = `
local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local function add(hash, field, amount)
  if amount ~= 0 then redis.call('HINCRBY', hash, field, string.format('%d', amount)) end
end

local function part_at(windowMs)
  return string.format('%.0f', math.floor(now / (windowMs / 16)))
end

local function open(hash, leases, windowMs)
  local newest = part_at(windowMs)
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now)) do
    local amount = tonumber(string.match(lease, ':(%d+)$'))
    add(hash, 'reserved', -amount)
    add(hash, newest, amount)
    redis.call('ZREM', leases, lease)
  end
  local count = { used = 0, reserved = 0, parts = {} }
  local fields = redis.call('HGETALL', hash)
  for index = 1, #fields, 2 do
    local amount = tonumber(fields[index + 1])
    local part = tonumber(fields[index])
    if fields[index] == 'reserved' then
      count.reserved = amount
    elseif part + 17 <= tonumber(newest) then
      redis.call('HDEL', hash, fields[index])
    else
      count.used = count.used + amount
      table.insert(count.parts, { part, amount })
    end
  end
  table.sort(count.parts, function(a, b) return a[1] < b[1] end)
  return count
end

-- Milliseconds until so much has left the window; -1 when it does not hold that much.
local function wait_for(count, windowMs, amount)
  for _, part in ipairs(count.parts) do
    amount = amount - part[2]
    if amount <= 0 then return math.max(1, math.ceil((part[1] + 17) * (windowMs / 16) - now)) end
  end
  return -1
end
`;

/**
 * All counts or none. Keys: the index of the owner, then hash and leases of each count. Arguments: now (0: the server's clock), lease
 * in milliseconds, its id, then of each count: key, window, limit, amount, 1 if it is held. Answers 1, or which count fell short, what is left of it, and the wait.
 */
export const reserveScript = `${begin}
local leaseMs = tonumber(ARGV[2])
local total = (#ARGV - 3) / 5
local counts = {}
for index = 1, total do
  local at = 4 + (index - 1) * 5
  local count = open(KEYS[index * 2], KEYS[index * 2 + 1], tonumber(ARGV[at + 1]))
  count.hash = KEYS[index * 2]
  count.leases = KEYS[index * 2 + 1]
  count.key = ARGV[at]
  count.windowMs = tonumber(ARGV[at + 1])
  count.amount = tonumber(ARGV[at + 3])
  count.held = ARGV[at + 4] == '1'
  counts[index] = count
  local left = tonumber(ARGV[at + 2]) - count.used - count.reserved
  if count.amount > left then return { 0, index - 1, math.max(0, left), wait_for(count, count.windowMs, count.amount - left) } end
end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
for _, count in ipairs(counts) do
  local livesMs = count.windowMs * 2 + leaseMs
  if not count.held then
    add(count.hash, part_at(count.windowMs), count.amount)
  else
    add(count.hash, 'reserved', count.amount)
    redis.call('ZADD', count.leases, now + leaseMs, ARGV[3] .. ':' .. string.format('%d', count.amount))
    redis.call('PEXPIRE', count.leases, livesMs)
  end
  redis.call('PEXPIRE', count.hash, livesMs)
  redis.call('ZADD', KEYS[1], now + livesMs, count.key)
end
redis.call('PEXPIRE', KEYS[1], 4000000000)
return { 1 }
`;

/** Keys: hash and leases of each count. Arguments: now, the lease's id, then of each count: window, what was held, what it came to. */
export const settleScript = `${begin}
for index = 1, #KEYS / 2 do
  local at = 3 + (index - 1) * 3
  local hash, leases = KEYS[index * 2 - 1], KEYS[index * 2]
  local windowMs, held, amount = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  if redis.call('ZREM', leases, ARGV[2] .. ':' .. string.format('%d', held)) == 1 then
    add(hash, 'reserved', -held)
    add(hash, part_at(windowMs), amount)
    redis.call('PEXPIRE', hash, math.max(redis.call('PTTL', hash), windowMs * 2))
  end
end
return 1
`;

/** Keys: hash and leases of each count. Arguments: now, then the window of each. Answers what is used, reserved, and the wait for the oldest of it. */
export const readScript = `${begin}
local states = {}
for index = 1, #KEYS / 2 do
  local windowMs = tonumber(ARGV[index + 1])
  local count = open(KEYS[index * 2 - 1], KEYS[index * 2], windowMs)
  states[index] = { count.used, count.reserved, wait_for(count, windowMs, 1) }
end
return states
`;
