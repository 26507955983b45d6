/** Problem details (RFC 9457), as the API answers every error. */

export interface FieldProblem {
  pointer: string;
  message: string;
}

interface Body {
  title: string;
  status: number;
  code: string;
  detail?: string;
  errors?: FieldProblem[];
}

export class Problem extends Error {
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly errors: FieldProblem[];

  constructor(body: Body) {
    super(body.detail || body.title);
    this.title = body.title;
    this.status = body.status;
    this.code = body.code;
    this.detail = body.detail ?? "";
    this.errors = body.errors ?? [];
  }

  static async of(response: Response): Promise<Problem> {
    try {
      return new Problem((await response.json()) as Body);
    } catch {
      return new Problem({ title: "Something between you and Slipway failed", status: response.status, code: "unreadable", detail: `The answer was ${response.status}.` });
    }
  }

  /** The message for one field of a form, by its JSON pointer. */
  at(pointer: string): string | undefined {
    return this.errors.find((each) => each.pointer === pointer)?.message;
  }

  /** Field problems as sentences, for those that no field of the form shows. */
  sentences(except: string[] = []): string[] {
    return this.errors
      .filter((each) => !except.includes(each.pointer))
      .map((each) => (each.pointer ? `${each.pointer.slice(1)} ${each.message}` : each.message));
  }
}

/** No answer came. */
export function unreachable(): Problem {
  return new Problem({ title: "Slipway cannot be reached", status: 0, code: "unreachable", detail: "Check your connection; it is tried again by itself." });
}

/** What was refused stays refused; what was out of reach may be there by now. */
export const worthAnotherTry = (status: number) => status === 0 || status === 409 || status === 429 || status >= 500;

export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new Problem({ title: "Something went wrong in this page", status: 0, code: "page", detail });
}
