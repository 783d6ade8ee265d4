// Reads AnalysisTemplates, one as JSON a line, from standard input, and prints what is wrong with each. The first argument is the
// directory in which the packages are installed. Exits with 1 if anything is wrong.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const file = `${process.argv[2]}/node_modules/@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1/AnalysisTemplate.js`;
const { AnalysisTemplate } = await import(pathToFileURL(file));
for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  try {
    new AnalysisTemplate(JSON.parse(line)).validate();
  } catch (error) {
    console.log(error.message);
    process.exitCode = 1;
  }
}
