/** Emitted with an `AlertOpened` in the transaction that opens an alert; its subject is the function's name. */
export const alertOpenedEvent = "monitoring.alert-opened";
