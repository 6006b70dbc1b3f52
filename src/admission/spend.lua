-- Takes a cost out of all windows of one caller under one limit, or out of none; or corrects a payment.
--
-- KEYS[1]  the caller under the limit
-- ARGV     "pay" or "correct", the cost (of a correction the difference, perhaps below zero), then of each
--          window four: "rate", cost, microseconds, burst; or "day" or "month", cost, 0, cost
--
-- Answers { short, microseconds to wait, then of each window: what is left, microseconds until it is full }.
-- `short` is the number of the window that has not as much, or 0; -1 microseconds stand for ever.
--
-- A key holds the time at which it was last touched, and what is spent of each window, in cost.

local function day_of_month_start(day)
  -- The Gregorian calendar, with years counted from March.
  local shifted = day + 719468
  local of_era = shifted % 146097
  local era = (shifted - of_era) / 146097
  local year_of_era = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524)
    - math.floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year_of_era + math.floor(year_of_era / 4) - math.floor(year_of_era / 100))
  local from_march = math.floor((5 * of_year + 2) / 153)
  local before = math.floor((153 * from_march + 2) / 5)
  return day - (of_year - before)
end

local DAY = 86400000000

-- The first microsecond of the period around a moment, and that of the next.
local function period(kind, now)
  local day = math.floor(now / DAY)
  if kind == "day" then
    return day * DAY, (day + 1) * DAY
  end
  local first = day_of_month_start(day)
  return first * DAY, day_of_month_start(first + 31) * DAY
end

local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local correct, cost = ARGV[1] == "correct", tonumber(ARGV[2])

local kept = {}
for number in string.gmatch(redis.call("GET", KEYS[1]) or "", "%S+") do
  kept[#kept + 1] = tonumber(number)
end
local at = kept[1] or now
if at > now then
  -- A clock that was turned back gives nothing back.
  now = at
end

local short, wait, spent, lives = 0, 0, {}, 0
local windows = {}
for i = 3, #ARGV, 4 do
  windows[#windows + 1] =
    { kind = ARGV[i], cost = tonumber(ARGV[i + 1]), per = tonumber(ARGV[i + 2]), burst = tonumber(ARGV[i + 3]) }
end

for i, window in ipairs(windows) do
  local before = kept[i + 1] or 0
  if window.kind == "rate" then
    before = math.max(0, before - (now - at) * window.cost / window.per)
  else
    window.start, window.stop = period(window.kind, now)
    if at < window.start then
      before = 0
    end
  end
  local after = before + cost
  if correct then
    after = math.max(0, math.min(after, math.max(before, window.burst)))
  elseif after > window.burst + 1e-9 then
    local until_enough = -1
    if cost <= window.burst then
      if window.kind == "rate" then
        until_enough = math.ceil((after - window.burst) * window.per / window.cost)
      else
        until_enough = window.stop - now
      end
    end
    if short == 0 or (wait >= 0 and (until_enough < 0 or until_enough > wait)) then
      short, wait = i, until_enough
    end
  end
  window.before, spent[i] = before, after
end

local answer, text = { short, wait }, string.format("%.0f", now)
for i, window in ipairs(windows) do
  local level = spent[i]
  if short > 0 then
    level = window.before
  end
  local until_full = 0
  if window.kind == "rate" then
    until_full = math.ceil(level * window.per / window.cost)
  else
    until_full = window.stop - now
  end
  if window.kind == "rate" or level > 0 then
    lives = math.max(lives, until_full)
  end
  answer[#answer + 1] = math.max(0, math.floor(window.burst - level + 1e-9))
  answer[#answer + 1] = until_full
  text = text .. string.format(" %.17g", level)
end

if short == 0 and cost ~= 0 then
  if lives > 0 then
    redis.call("SET", KEYS[1], text, "PX", math.ceil(lives / 1000) + 1000)
  else
    redis.call("DEL", KEYS[1])
  end
end
return answer
