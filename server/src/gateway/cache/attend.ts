import { type Cancellation, type AppError, toAppError } from "../../core/index.ts";
import type { CacheState, CallOutcome, GatewayCall, GatewayReply } from "../stage.ts";
import type { Told } from "../tell.ts";
import type { AnswerContext, Dialect, EventWriter } from "../types.ts";
import type { Flight, Seat } from "./flight.ts";
import { outcomeOf } from "./outcomes.ts";

export interface Attendance {
  readonly call: GatewayCall;
  readonly dialect: Dialect;
  readonly context: AnswerContext;
  readonly cache: CacheState;
  /** Has the last word on what is written down. */
  readonly finish: (outcome: CallOutcome) => CallOutcome;
}

/** Waits with others for the answer of a flight. The leader hears the provider's own words, who joined it the same in his own. */
export async function attend(flight: Flight, attendance: Attendance): Promise<GatewayReply> {
  const { call, dialect, context, cache, finish } = attendance;
  const seat = flight.sit(call);
  const isLeader = flight.leader === call;
  let reply: GatewayReply;
  try {
    reply = await orGone(flight.reply, call.signal);
  } catch (error) {
    if (call.signal.aborted) settleBooks(flight, seat);
    flight.leave(seat);
    throw error;
  }
  if (reply.kind === "whole") {
    const outcome = finish(outcomeOf(flight, seat));
    flight.leave(seat);
    if (isLeader) return { ...reply, outcome, cache };
    return { kind: "whole", text: JSON.stringify(dialect.writeAnswer(reply.outcome.answer!, context)), outcome, cache };
  }
  const streamed = reply;
  let settled: CallOutcome | undefined;
  return {
    kind: "stream",
    cache,
    texts: listen(flight, { seat, streamed, attendance, writer: isLeader ? undefined : dialect.createWriter(context) }),
    outcome: () => (settled ??= finish(settle(flight, seat, streamed))),
    leave: async () => void (settled ??= finish(settle(flight, seat, streamed))),
  };
}

/** Who goes before anything came pays what was asked when there is nobody else, and nothing when there is. */
function settleBooks(flight: Flight, seat: Seat): void {
  const { leader } = flight;
  if (!flight.isAlone(seat)) seat.call.book?.leaveToOthers();
  else if (leader !== seat.call && leader.book !== undefined) seat.call.book?.takeOver(leader.book);
}

/** Who goes before the end pays what came when there is nobody else, and nothing when there is. */
function settle(flight: Flight, seat: Seat, streamed: Extract<GatewayReply, { kind: "stream" }>): CallOutcome {
  const outcome = flight.end === undefined && flight.isAlone(seat) ? streamed.outcome() : outcomeOf(flight, seat);
  // At once: nobody may join what this one was told to be the end of.
  flight.leave(seat);
  return outcome;
}

interface Listening {
  readonly seat: Seat;
  readonly streamed: Extract<GatewayReply, { kind: "stream" }>;
  readonly attendance: Attendance;
  /** Absent for who hears the provider's words as they are. */
  readonly writer: EventWriter | undefined;
}

async function* listen(flight: Flight, { seat, streamed, attendance, writer }: Listening): AsyncGenerator<Told, void> {
  const { call, dialect } = attendance;
  const lastWord = ({ status, code, message }: AppError): Told => {
    const error = { status, code, message, inferenceId: call.inferenceId };
    return { text: writer?.fail?.(error) ?? dialect.writeStreamError(error), isLast: true, events: [] };
  };
  try {
    for (;;) {
      const told = await orGone(flight.next(seat, streamed), call.signal);
      if (told === undefined) return;
      if (writer === undefined) yield told;
      else if (told.isLast && flight.end?.error) return yield lastWord(flight.end.error);
      else yield { ...told, text: told.events.map((event) => writer.write(event)).join("") };
      if (told.isLast) return;
    }
  } catch (error) {
    if (call.signal.aborted) return;
    seat.lost = toAppError(error);
    yield lastWord(seat.lost);
  }
}

/** What comes, unless the one who waits goes before. */
async function orGone<T>(coming: Promise<T>, signal: Cancellation): Promise<T> {
  // It may fail after its last listener went.
  coming.catch(() => {});
  if (signal.aborted) throw toAppError(signal.reason);
  const gone = Promise.withResolvers<never>();
  const leave = () => gone.reject(toAppError(signal.reason));
  signal.addEventListener("abort", leave, { once: true });
  try {
    return await Promise.race([coming, gone.promise]);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
