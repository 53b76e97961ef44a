// The score as the server will give it (cti/scoring.py), shown while it is being ticked. Pure.
export interface Question {
  code: string;
  zh: string;
  en: string;
  kind: "points" | "yes_no" | "fatal";
  weight: number;
  best: number;
}

export type Answers = Record<string, number | null | undefined>; // undefined: not answered yet

export const complete = (questions: Question[], answers: Answers): boolean =>
  questions.every((one) => answers[one.code] !== undefined);

export function score(questions: Question[], answers: Answers): number | null {
  if (!complete(questions, answers)) return null;
  const told = questions.flatMap((one) => {
    const answer = answers[one.code];
    return answer === null || answer === undefined ? [] : [{ ...one, answer }];
  });
  if (told.some((one) => one.kind === "fatal" && !one.answer)) return 0;
  const counted = told.filter((one) => one.kind !== "fatal");
  const weights = counted.reduce((sum, one) => sum + one.weight, 0);
  return weights ? (100 * counted.reduce((sum, one) => sum + (one.weight * one.answer) / one.best, 0)) / weights : 100;
}

// What may be ticked: 0 to the best, or no and yes.
export const choices = (one: Question): number[] =>
  one.kind === "points" ? Array.from({ length: Math.floor(one.best) + 1 }, (_, n) => n) : [0, 1];
