// How a story is told: its steps in order, one line each, `ok STEP` or `FAIL STEP: what differed`.
import { isDeepStrictEqual, inspect } from "node:util";

/** Runs every step, whatever became of the one before. */
export async function tell(story) {
  for (const [step, run] of Object.entries(story)) {
    try {
      await run();
      console.log(`ok ${step}`);
    } catch (error) {
      console.log(`FAIL ${step}: ${`${error.message ?? error}${last}`.replaceAll(/\s+/g, " ")}`);
    }
  }
}

let last = "";

/** Remembers the last call, for the line of a step that breaks next. */
export function called(operation, input, answer) {
  last = `; after ${operation} ${shown(input)} answered ${shown(answer)}`;
}

export function same(what, got, want) {
  if (!isDeepStrictEqual(got, want)) throw new Error(`${what}: ${shown(got)}, not ${shown(want)}`);
}

export function holds(what, condition) {
  if (!condition) throw new Error(what);
}

/** A moment so many hours ahead, give or take a minute. */
export function ahead(what, date, hours) {
  holds(`${what}: ${shown(date)}, not a Date ${hours} h ahead`,
    date instanceof Date && Math.abs(date - Date.now() - hours * 3_600_000) < 60_000);
}

/** The error of a call that must fail. */
export async function failure(call) {
  let answer;
  try {
    answer = await call();
  } catch (error) {
    return error;
  }
  throw new Error(`the call succeeded: ${shown(answer)}`);
}

const shown = (value) => inspect(value, { breakLength: Infinity, depth: 4, maxArrayLength: 8 });
