import type { GatewayModels, ModelTraffic } from "@millrace/contract";
import { getRouteApi } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useOperation } from "../../api.ts";
import { Head } from "../../parts/head.tsx";
import { Empty, Loaded } from "../../parts/state.tsx";
import { BudgetsCard } from "./budgets-card.tsx";
import { CacheCard } from "./cache-card.tsx";
import { NamesTable } from "./names-table.tsx";
import { TargetCard } from "./target-card.tsx";
import { TargetsTable } from "./targets-table.tsx";

const route = getRouteApi("/signed-in/models");
const spans = [
  [1, "last hour"],
  [6, "last 6 hours"],
  [24, "last day"],
  [168, "last week"],
] as const;

export function ModelsPage(): ReactNode {
  const { hours = 24 } = route.useSearch();
  const navigate = route.useNavigate();
  const models = useOperation("gateway.models", {}, 3000);
  const traffic = useOperation("gateway.traffic", { query: { hours } }, 15_000);
  return (
    <>
      <Head title="Models" lead="Foundation models behind one door: who answers, how fast, and what it costs." />
      <Loaded query={models}>
        {(data) =>
          data.providers.length === 0 && data.aliases.length === 0 ? (
            <NoProvider />
          ) : (
            <>
              <div className="filters" role="search">
                <label>
                  Requests and cost of the
                  <select
                    value={hours}
                    onChange={(event) => void navigate({ search: (search) => ({ ...search, hours: Number(event.target.value) }) })}
                  >
                    {[...spans, ...(spans.some(([value]) => value === hours) ? [] : [[hours, `last ${hours} hours`] as const])].map(
                      ([value, text]) => (
                        <option key={value} value={value}>
                          {text}
                        </option>
                      ),
                    )}
                  </select>
                </label>
              </div>
              <Loaded query={traffic}>{(calls) => <Models models={data} traffic={calls} />}</Loaded>
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Models({ models, traffic }: { models: GatewayModels; traffic: ModelTraffic }): ReactNode {
  const { target } = route.useSearch();
  const navigate = route.useNavigate();
  const chosen = models.targets.find(({ name }) => name === target);
  return (
    <>
      {traffic.capped && (
        <div className="banner warn" role="status">
          There were very many calls: of some names the newest alone are counted here.
        </div>
      )}
      <section className="card">
        <h2>
          Targets <span className="quiet">as this node sees them, failures and times of the last {models.windowSeconds / 60} minutes</span>
        </h2>
        {models.targets.length === 0 ? (
          <Empty title="No model was asked yet">
            Ask <code>{models.providers[0]}/&lt;model&gt;</code> at <code>/v1/chat/completions</code>, or give models names in{" "}
            <code>gateway.models</code>.
          </Empty>
        ) : (
          <TargetsTable
            targets={models.targets}
            traffic={traffic.items}
            onOpen={({ name }) => void navigate({ search: (search) => ({ ...search, target: name === target ? undefined : name }) })}
          />
        )}
      </section>
      {chosen !== undefined && <TargetCard target={chosen} />}
      {target !== undefined && chosen === undefined && (
        <div className="banner" role="status">
          This node does not know <code>{target}</code>: it has no name here, and was not asked lately.
        </div>
      )}
      {models.aliases.length > 0 && (
        <section className="card">
          <h2>
            Names <span className="quiet">what callers ask for</span>
          </h2>
          <NamesTable aliases={models.aliases} targets={models.targets} traffic={traffic.items} />
        </section>
      )}
      <div className="grid two">
        <BudgetsCard />
        <CacheCard />
      </div>
    </>
  );
}

const example = `egress: { hosts: [{ host: "api.openai.com" }] },
gateway: {
  providers: {
    openai: {
      dialect: "openai",
      baseUrl: "https://api.openai.com/v1",
      key: secret("OPENAI_API_KEY"),
    },
  },
  models: { careful: "openai/gpt-5-mini" },
},`;

function NoProvider(): ReactNode {
  return (
    <section className="card">
      <Empty title="No provider is configured">
        Add one to <code>millrace.config.ts</code>, and its key to the environment.
      </Empty>
      <pre aria-label="Example of a provider">{example}</pre>
      <p className="quiet">
        All settings stand in <code>docs/gateway.md</code>, and what clients may call in the <a href="/api/docs">API reference</a>.
      </p>
    </section>
  );
}
