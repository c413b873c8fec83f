import { AppError } from "../../core/index.ts";

export function invalid(message: string): AppError {
  return new AppError("invalid_request", message);
}
