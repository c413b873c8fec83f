import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll } from "vitest";
import { clearFunctions } from "../../../test/functions.ts";
import { type TestHttp, openTestHttp } from "../../../test/http.ts";
import { type ScriptedUpstream, startScriptedUpstream } from "../../../test/scripted-upstream.ts";
import { createTestStore } from "../../../test/store.ts";
import { createEgress, createId, egressConfigSchema, silentLogger, systemClock } from "../../core/index.ts";
import type { FunctionDefinition } from "../../functions/index.ts";
import { configSchema, createGateway } from "../../gateway/index.ts";

export interface TestDoor {
  readonly upstream: ScriptedUpstream;
  readonly edge: TestHttp;
  /** With the administrator's key; they try nothing again. */
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
}

export interface DoorOptions {
  /** Of the gateway, before the scripted provider at this base URL. */
  gateway(baseUrl: string): Record<string, unknown>;
  readonly definitions?: readonly FunctionDefinition[];
  /** Further ports of this machine that may be asked. */
  readonly ports?: readonly number[];
}

/** A gateway over HTTP before a scripted provider, for all tests of a file. Before the first of them it is not there. */
export function useDoor({ gateway: configure, definitions, ports = [] }: DoorOptions): TestDoor {
  let open: TestDoor | undefined;
  let close: (() => Promise<void>) | undefined;
  beforeAll(async () => {
    const [store, upstream] = await Promise.all([createTestStore(), startScriptedUpstream()]);
    const hosts = [{ host: "127.0.0.1", private: true, http: true, ports: [upstream.port, ...ports] }];
    const gateway = createGateway({
      config: configSchema.parse(configure(`${upstream.origin}/v1`)),
      egress: createEgress({ config: egressConfigSchema.parse({ hosts }), logger: silentLogger }),
      clock: systemClock,
    });
    const edge = await openTestHttp({
      store,
      journalFolder: createId(),
      ports: { gateway },
      ...(definitions === undefined ? {} : { definitions, gateway }),
    });
    open = {
      upstream,
      edge,
      openai: new OpenAI({ baseURL: `${edge.url}/v1`, apiKey: edge.adminKey, maxRetries: 0 }),
      anthropic: new Anthropic({ baseURL: edge.url, apiKey: edge.adminKey, maxRetries: 0 }),
    };
    close = async () => {
      await edge.close();
      gateway.close();
      await clearFunctions(store);
      await upstream.close();
      await store.close();
    };
  });
  afterEach(() => void open?.upstream.requests.splice(0));
  afterAll(() => close?.());
  return {
    get upstream() {
      return open!.upstream;
    },
    get edge() {
      return open!.edge;
    },
    get openai() {
      return open!.openai;
    },
    get anthropic() {
      return open!.anthropic;
    },
  };
}
