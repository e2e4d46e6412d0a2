/** When VMs may be moved: windows of local time in a time zone that is always named. */
import { listed } from "../core/near";
import { type ProgramPolicy, selectorSchema, violation } from "./definition";
import { type SomeVms } from "./migrationOptions";
import { isSelected, mayMove } from "./model";

/** A day of the week. */
export type Day = "Mon" | "Tue" | "Wed" | "Thu" | "Fri" | "Sat" | "Sun";
const days: readonly Day[] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/** Settings of `change-windows`. */
export interface ChangeWindows extends SomeVms {
  /** When moves are allowed. */
  windows: readonly ChangeWindow[];
  /** IANA name of the time zone of all windows: "Europe/Berlin", "UTC". */
  timeZone: string;
}

/** A time of the day. */
export interface ChangeWindow {
  /** The days on which the window begins. Default: every day. */
  days?: readonly Day[];
  /** Local time, "22:00". */
  from: string;
  /** Local time, not included: "06:00". At or before `from`, the window ends on the next day. */
  to: string;
}

const timePattern = "^([01]\\d|2[0-3]):[0-5]\\d$";

export const changeWindows: ProgramPolicy<ChangeWindows> = {
  onlyWhenAsked: true,
  description: "VMs are moved only within change windows.",
  requires: ["windows", "timeZone"],
  schema: {
    vms: selectorSchema,
    timeZone: { type: "string", description: "IANA name, such as Europe/Berlin." },
    windows: {
      type: "array",
      minItems: 1,
      items: {
        type: "object",
        required: ["from", "to"],
        properties: {
          days: { type: "array", items: { type: "string", enum: [...days] } },
          from: { type: "string", pattern: timePattern },
          to: { type: "string", pattern: timePattern },
        },
        additionalProperties: false,
      },
    },
  },
  checkAll: (placements, { vms, windows, timeZone }, facts) => {
    const { day, minute } = localTime(facts.now(), timeZone);
    if (windows.some((window) => isOpen(window, day, minute))) return [];
    const got = `a move on ${day} at ${clockOf(minute)} (${timeZone})`;
    const allowed = listed(windows.map(shownWindow));
    return placements
      .filter((placement) => isSelected(vms, placement) && mayMove(placement, facts))
      .map(({ vm, urn }) => ({ message: violation(vm, got, allowed, "run `pulumi up` within a window"), urn }));
  },
};

/** The day and the minute of the day that clocks show in the zone. */
function localTime(now: Date, timeZone: string): { day: Day; minute: number } {
  let format: Intl.DateTimeFormat;
  try {
    const hour = { hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
    format = new Intl.DateTimeFormat("en-US", { timeZone, weekday: "short", ...hour });
  } catch {
    throw new Error(
      `change-windows: got timeZone ${JSON.stringify(timeZone)}; expected a name such as "Europe/Berlin"`,
    );
  }
  const parts = Object.fromEntries(format.formatToParts(now).map(({ type, value }) => [type, value]));
  return { day: parts["weekday"] as Day, minute: Number(parts["hour"]) * 60 + Number(parts["minute"]) };
}

function isOpen(window: ChangeWindow, day: Day, minute: number): boolean {
  const [from, to] = [minuteOf(window.from), minuteOf(window.to)];
  const beginsOn = (begin: Day) => window.days === undefined || window.days.includes(begin);
  if (from < to) return beginsOn(day) && minute >= from && minute < to;
  const yesterday = days[(days.indexOf(day) + 6) % 7]!;
  return (beginsOn(day) && minute >= from) || (beginsOn(yesterday) && minute < to);
}

function minuteOf(time: string): number {
  if (!new RegExp(timePattern).test(time))
    throw new Error(`change-windows: got ${JSON.stringify(time)}; expected a time such as "22:00"`);
  const [hour, minute] = time.split(":").map(Number);
  return hour! * 60 + minute!;
}

function clockOf(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, "0")).join(":");
}

function shownWindow({ days: begins, from, to }: ChangeWindow): string {
  return `${from}–${to}${begins ? ` (${begins.join(", ")})` : ""}`;
}
