export { parseCondition } from "./parse-condition.ts";
export type { Condition, ConditionNames, ConditionType, ConditionValue, ConditionValues } from "./types.ts";
