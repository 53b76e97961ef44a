import { said, t } from "../ui/i18n";

export const worded = (status: string, reason: string | null): string =>
  reason ? t("state.with_reason", { status: said(status), reason: said(reason) }) : said(status);
