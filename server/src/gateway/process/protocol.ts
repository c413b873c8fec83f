export interface ProcessQuestion<Question> {
  readonly question: Question;
}
