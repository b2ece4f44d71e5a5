const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const otherYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const shortDay = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });

/** timeOf is the time of day. */
export function timeOf(at: number): string {
  return clock.format(at);
}

/** shortTimeOf is the time of day where there is little room. */
export function shortTimeOf(at: number): string {
  const parts = clock.formatToParts(at).filter((part) => part.type !== "dayPeriod");
  return parts
    .map((part) => part.value)
    .join("")
    .trim();
}

/** whenOf is a moment in few words: the time of day today, else the day. */
export function whenOf(at: number, now: number): string {
  if (dayOf(at) === dayOf(now)) return timeOf(at);
  return (new Date(at).getFullYear() === new Date(now).getFullYear() ? shortDay : otherYear).format(at);
}

/** momentOf is date and time in full. */
export function momentOf(at: number): string {
  return full.format(at);
}

/** dayOf is the start of a moment's day here, so that equal days are equal numbers. */
export function dayOf(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}

/** dayName is what a day is called, seen from now. */
export function dayName(at: number, now: number): string {
  const day = new Date(dayOf(at));
  const yesterday = new Date(dayOf(now));
  yesterday.setDate(yesterday.getDate() - 1);
  if (day.getTime() === dayOf(now)) return "Today";
  if (day.getTime() === yesterday.getTime()) return "Yesterday";
  return (day.getFullYear() === new Date(now).getFullYear() ? thisYear : otherYear).format(day);
}
