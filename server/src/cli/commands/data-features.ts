import type { FeatureSkew, FeatureViewStatus } from "@millrace/contract";
import type { Command } from "commander";
import { count, inline, instant } from "../format.ts";
import type { Session } from "../session.ts";
import type { Column } from "../table.ts";
import { finish } from "./data.ts";
import { facts, section, showList, table } from "./show.ts";
import { type Registrar, type VerbOption, addVerb, collect, group, parseWhole } from "./verb.ts";

const columns: readonly Column<FeatureViewStatus>[] = [
  { title: "VIEW", value: (item) => item.reference },
  { title: "SOURCE", value: (item) => item.source, flexible: true },
  { title: "ENTITY", value: (item) => item.entity.join(", ") },
  { title: "LIVES", value: (item) => seconds(item.timeToLiveSeconds), align: "right" },
  { title: "ENTITIES", value: (item) => (item.entities === null ? "–" : count(item.entities)), align: "right" },
  { title: "NEWEST", value: (item) => seconds(youngest(item)), align: "right" },
  { title: "MATERIALISED (UTC)", value: (item) => instant(item.materialisedAt) },
];

const detach: VerbOption = { flags: "--detach", description: "do not wait for it" };

/** `millrace data features`: what is known of an entity, for training and for serving. */
export function addFeatures(data: Command, registrar: Registrar): void {
  const features = group(data, "features", "feature views: point-in-time joins, online values");
  addVerb(features, registrar, {
    usage: "list",
    description: "list feature views and how fresh they are",
    run: async (session) => {
      const answer = await session.call("data.listFeatures", {});
      showList(session, answer, { columns, empty: "The configuration declares no feature views (`data.features`)." });
    },
  });
  addVerb(features, registrar, {
    usage: "values <view> <entity>",
    description: "an entity's newest values (audited); several key columns as a JSON array",
    example: "data features values spend 42",
    run: async (session, [view, entity]) => {
      const { name, version } = split(view!);
      const answer = await session.call("data.featureValues", { parameters: { name }, query: { entity: entity!, ...version } });
      session.show(answer, () =>
        facts(session, [
          ["view", answer.view],
          ["status", answer.status],
          ["event", instant(answer.eventTime)],
          ["materialised", instant(answer.materialisedAt)],
          ...Object.entries(answer.values ?? {}).map(([feature, value]): [string, string] => [feature, inline(value)]),
        ]),
      );
    },
  });
  addVerb(features, registrar, {
    usage: "materialise <view>",
    description: "write a view's newest values to the online table",
    example: "data features materialise spend@1",
    options: [detach],
    run: async (session, [view], options) => {
      const { name, version } = split(view!);
      const started = await session.call("data.materialiseFeatures", { parameters: { name }, body: { ...version } });
      await finish(session, started, { detach: options["detach"] === true, doing: `materialising ${view!}` });
    },
  });
  addVerb(features, registrar, {
    usage: "join <dataset>",
    description: "join views to a dataset's rows, each as it was known at the row's time",
    example: "data features join orders@1 --views spend,visits@2 --name orders-joined",
    options: [
      { flags: "--views <views>", description: "feature views, by commas", parse: collect, required: true },
      { flags: "--name <dataset>", description: "build the next version of this dataset; without it, a Parquet blob" },
      detach,
    ],
    run: async (session, [dataset], options) => {
      const name = options["name"] as string | undefined;
      const started = await session.call("data.joinFeatures", {
        body: { dataset: dataset!, views: options["views"] as string[], ...(name === undefined ? {} : { name }) },
      });
      await finish(session, started, { detach: options["detach"] === true, doing: `joining ${dataset!}` });
    },
  });
  addVerb(features, registrar, {
    usage: "check <view>",
    description: "compare online values with the point-in-time join (audited); exit code 1 when they differ",
    example: "data features check spend",
    options: [{ flags: "--sample <n>", description: "entities to compare", parse: parseWhole, default: 500 }],
    run: async (session, [view], options) => {
      const { name, version } = split(view!);
      const skew = await session.call("data.checkFeatures", {
        parameters: { name },
        body: { sample: options["sample"] as number, ...version },
      });
      session.show(skew, () => page(session, skew));
      return skew.skewed ? 1 : 0;
    },
  });
}

/** `spend` or `spend@2`; what is neither, the server says. */
function split(reference: string): { name: string; version: { version?: number } } {
  const match = /^(.*)@(\d+)$/.exec(reference);
  return match === null ? { name: reference, version: {} } : { name: match[1]!, version: { version: Number(match[2]) } };
}

function page(session: Session, skew: FeatureSkew): string {
  return [
    facts(session, [
      ["view", skew.view],
      ["source", skew.source],
      ["materialised", instant(skew.materialisedAt)],
      ["verdict", skew.skewed ? "online and offline differ" : "online and offline agree"],
      ["entities", `${count(skew.onlineEntities)} online, ${count(skew.offlineEntities)} offline`],
      ["compared", `${count(skew.compared)}, of which ${count(skew.different)} differ`],
    ]),
    section(
      session,
      "Examples",
      table(session, skew.examples, [
        { title: "ENTITY", value: (item) => item.entity.join(", ") },
        { title: "FEATURE", value: (item) => item.feature },
        { title: "ONLINE", value: (item) => inline(item.online), flexible: true },
        { title: "OFFLINE", value: (item) => inline(item.offline), flexible: true },
      ]),
    ),
  ].join("\n");
}

function youngest({ freshness }: FeatureViewStatus): number | null {
  const ages = freshness.flatMap(({ ageSeconds }) => (ageSeconds === null ? [] : ageSeconds));
  return ages.length === 0 ? null : Math.min(...ages);
}

function seconds(value: number | null): string {
  if (value === null) return "–";
  if (value < 7200) return `${count(Math.round(value / 60))} min`;
  return value < 172_800 ? `${count(Math.round(value / 3600))} h` : `${count(Math.round(value / 86_400))} d`;
}
