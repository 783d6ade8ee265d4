// Reads objects, one as JSON a line, from standard input, and prints what is wrong with each. The first argument is the
// directory in which the packages are installed. Exits with 1 if anything is wrong.
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const packages = {
  "argoproj.io": "argo-rollouts",
  "gateway.networking.k8s.io": "gateway-api",
  "networking.istio.io": "istio",
  "traefik.io": "traefik",
};

for (const line of readFileSync(0, "utf8").split("\n").filter(Boolean)) {
  try {
    const object = JSON.parse(line);
    const model = packages[object.apiVersion.split("/")[0]];
    const file = `${process.argv[2]}/node_modules/@kubernetes-models/${model}/${object.apiVersion}/${object.kind}.js`;
    const { [object.kind]: Model } = await import(pathToFileURL(file));
    new Model(object).validate();
  } catch (error) {
    console.log(error.message);
    process.exitCode = 1;
  }
}
