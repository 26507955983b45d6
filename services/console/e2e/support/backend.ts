/** The API as the tests use it beside the browser: to prepare, and to compare. */
import type { APIRequestContext } from "@playwright/test";

const ADMIN = { email: required("SLIPWAY_ADMIN_EMAIL"), password: required("SLIPWAY_ADMIN_PASSWORD") };


export type Json = any;

export function required(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run the flows with pytest tests/console`);
  return value;
}

export class Backend {
  private constructor(
    private readonly http: APIRequestContext,
    readonly token: string,
    readonly expiresIn: number,
  ) {}

  static readonly admin = ADMIN;

  static async signIn(http: APIRequestContext, who = ADMIN): Promise<Backend> {
    const answer = await http.post("/api/v1/auth/login", { data: who });
    if (!answer.ok()) throw new Error(`sign-in: ${answer.status()} ${await answer.text()}`);
    const body = (await answer.json()) as Json;
    return new Backend(http, body.access_token, body.expires_in);
  }

  async call(method: string, path: string, data?: object): Promise<Json> {
    const headers = { Authorization: `Bearer ${this.token}` };
    const answer = await this.http.fetch(`/api/v1${path}`, { method, headers, ...(data ? { data } : {}) });
    if (!answer.ok()) throw new Error(`${method} ${path}: ${answer.status()} ${await answer.text()}`);
    const text = await answer.text();
    return text ? JSON.parse(text) : undefined;
  }

  get = (path: string) => this.call("GET", path);
  post = (path: string, data: object = {}) => this.call("POST", path, data);

  /** Wait until a deployment has one of these statuses. */
  async until(id: string, ...statuses: string[]): Promise<Json> {
    const end = Date.now() + 150_000;
    for (;;) {
      const found = await this.get(`/deployments/${id}`);
      if (statuses.includes(found.status)) return found;
      if (Date.now() > end) throw new Error(`${found.domain_name} is ${found.status}, not ${statuses.join(" or ")}: ${found.last_error}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  async product(name: string): Promise<Json> {
    return (await this.get("/products?limit=200")).items.find((each: Json) => each.name === name);
  }

  async deploy(body: object): Promise<Json> {
    return await this.post("/deployments", { domain_name: freshDomain(), ...body });
  }

  /** A user of their own, signed in. */
  async newUser(name: string): Promise<{ email: string; password: string }> {
    const who = { email: `user-${fresh()}@example.org`, password: `long-enough-${fresh()}` };
    await this.post("/users", { ...who, display_name: name });
    return who;
  }
}

export function fresh(): string {
  return Math.random().toString(36).slice(2, 10);
}

export function freshDomain(): string {
  return `flow-${fresh()}.example.org`;
}
