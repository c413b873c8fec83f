import type { CacheReport } from "@millrace/contract";
import type { ReactNode } from "react";
import { useOperation } from "../../api.ts";
import { bytes, count, percent } from "../../format.ts";
import { addDecimals, dollars } from "../../money.ts";
import { Empty, Loaded } from "../../parts/state.tsx";

export function CacheCard(): ReactNode {
  const report = useOperation("gateway.cache", {});
  return (
    <section className="card">
      <h2>
        Cache <span className="quiet">this node, since it started</span>
      </h2>
      <Loaded query={report}>{(each) => <Cache report={each} />}</Loaded>
    </section>
  );
}

function Cache({ report }: { report: CacheReport }): ReactNode {
  const { exact, stale, semantic, shared, miss, saved, savedUnknown } = report;
  const told = exact + stale + semantic + shared;
  if (told + miss === 0)
    return (
      <Empty title="Nothing was asked through the cache">
        Keep answers with <code>gateway.cache</code>.
      </Empty>
    );
  const amounts = saved.filter(({ currency }) => currency === "USD").map(({ amount }) => amount);
  return (
    <>
      <div className="equation">
        <span>
          <b>{percent(told / (told + miss), 0)}</b> told again
        </span>
        <span>
          <b>{dollars(addDecimals(amounts))}</b> saved
        </span>
      </div>
      <dl className="facts">
        <dt>Told again</dt>
        <dd>
          {count(told)} of {count(told + miss)}
          <span className="quiet">
            {" "}
            {[
              [exact, "the same question"],
              [stale, "old, made new behind it"],
              [semantic, "an alike question"],
              [shared, "waited for an equal call"],
            ]
              .filter(([value]) => value !== 0)
              .map(([value, text]) => `${value} ${text}`)
              .join(", ")}
          </span>
        </dd>
        <dt>Asked</dt>
        <dd>{count(miss)}</dd>
        {savedUnknown > 0 && (
          <>
            <dt>Saved, unknown</dt>
            <dd>{count(savedUnknown)} answers whose cost nobody knows</dd>
          </>
        )}
        <dt>Kept</dt>
        <dd>
          {count(report.entries)} {report.entries === 1 ? "answer" : "answers"}, {bytes(report.bytes)} of {bytes(report.maxBytes)}
        </dd>
        {report.calibrations.map((each) => (
          <div key={each.function}>
            <dt>Alike, {each.function}</dt>
            <dd>
              {each.threshold === null ? "not sure enough yet" : `from ${each.threshold.toFixed(3)}`}{" "}
              <span className="quiet">
                {count(each.pairs)} pairs, precision {percent(each.precision.value)} [{percent(each.precision.low)},{" "}
                {percent(each.precision.high)}]
              </span>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
