/**
 * The workshop: docs/workshop.md typed by an ordinary user, on a machine made for it. Beside that user there is another of
 * the same groups, with a cluster of the same name, and one of none.
 */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { miniPath } from "./mini-cli.ts";
import { writeTestImage } from "./test-image.ts";
import {
  addPerson,
  canMakeMachine,
  login,
  loginWithoutBus,
  type Output,
  type Person,
  removePerson,
  SystemBus,
  succeed,
} from "./workshop-machine.ts";

const root = join(import.meta.dirname, "../..");
const virtualizes = /^flags.* (vmx|svm)( |$)/m.test(readFileSync("/proc/cpuinfo", "utf8"));
const driver = virtualizes ? "kvm2" : "qemu2";
/** Installed packages are not upgraded under the feet of a test. */
const aptSettings = "/etc/apt/apt.conf.d/99mini-workshop-test";

interface Step {
  readonly section: number;
  readonly script: string;
  /** What the document says it prints; nothing where it does not say. */
  readonly expected: readonly string[];
}

function readSteps(): Step[] {
  const text = readFileSync(join(root, "docs/workshop.md"), "utf8");
  return text.split(/^## /m).flatMap((part) => {
    const section = Number.parseInt(part, 10);
    return [...part.matchAll(/^```sh\n([\s\S]*?)^```\n(?:\n^```text\n([\s\S]*?)^```\n)?/gm)].map((match) => ({
      section,
      script: match[1]?.trim().replaceAll("kvm2", driver) ?? "",
      expected: match[2]?.trim().split("\n") ?? [],
    }));
  });
}

/** Numbers, hashes, times and the driver's name differ from one machine to the next; columns with them. */
function normalized(line: string): string {
  const constant = line.replace(/\b[0-9a-f]{40}\b/g, "0").replace(/\b(\d+[smhd])+\b/g, "0s");
  return constant.replace(/\d+/g, "0").replaceAll("kvm0", "qemu0").replace(/\s+/g, " ").trim();
}

describe.skipIf(!canMakeMachine)("the workshop", () => {
  const bus = new SystemBus();
  const folder = mkdtempSync(join(tmpdir(), "mini-workshop-"));
  const mini = join(folder, "mini");
  const persons: Person[] = [];
  let ada: Person;
  let eve: Person;
  let bob: Person;
  let adasList = "";

  const person = (name: string, groups: readonly string[], mode: number): Person => {
    const added = addPerson(`${name}${process.pid}`, { groups, mode });
    persons.push(added);
    return added;
  };
  const accessList = ({ home }: Person): string => execFileSync("getfacl", ["-cnp", home], { encoding: "utf8" });
  const run = (step: Step): Promise<string> => succeed(ada, `cd ~/checkout; ${step.script}`);
  const machines = ({ name }: Person): string[] =>
    [["list"], ["net-list"]]
      .flatMap((words) =>
        execFileSync("virsh", ["-c", "qemu:///system", ...words, "--all", "--name"], { encoding: "utf8" }).split("\n"),
      )
      .filter((each) => each.includes(name));
  const refused = (output: Output, id: string): void => {
    expect(output.text).toContain(`Exiting due to ${id}: `);
    expect(output.exitCode).not.toBe(0);
  };

  beforeAll(async () => {
    writeFileSync(aptSettings, 'APT::Get::Upgrade "false";\nDPkg::Lock::Timeout "120";\n');
    await bus.start();
    chmodSync(folder, 0o755);
    copyFileSync(miniPath, mini);
    chmodSync(mini, 0o755);
    await writeTestImage("docker.io/test/busybox:1", join(folder, "image.tar"));
    ada = person("ada", [], 0o700);
    eve = person("eve", ["kvm", "libvirt"], 0o750);
    bob = person("bob", [], 0o700);
    const checkout = join(ada.home, "checkout");
    mkdirSync(join(checkout, "dist"), { recursive: true });
    symlinkSync(mini, join(checkout, "dist", "mini"));
    symlinkSync(join(folder, "image.tar"), join(checkout, "image.tar"));
    execFileSync("chown", ["--no-dereference", "--recursive", `${ada.name}:`, checkout]);
    adasList = accessList(ada);
  });
  afterAll(async () => {
    for (const each of persons) {
      await login(each, `"${mini}" delete --all`);
      removePerson(each);
    }
    await bus.stop();
    rmSync(aptSettings, { force: true });
    rmSync(folder, { recursive: true, force: true });
  });

  it("tells a person without groups which one, and makes nothing", async () => {
    const output = await login(bob, `"${mini}" start --driver=qemu2 < /dev/null`);
    refused(output, "PR_KVM_USER_PERMISSION");
    expect(output.text).toContain(`sudo usermod -aG libvirt ${bob.name}`);
    expect(machines(bob)).toEqual([]);
    expect(existsSync(join(bob.home, ".kube"))).toBe(false);
    expect((await login(bob, `"${mini}" profile list`)).exitCode).toBe(0);
  });

  it.runIf(existsSync("/dev/kvm"))("tells a person who has not logged in again since", async () => {
    refused(
      await login(eve, `"${mini}" start --driver=kvm2 --force --dry-run`, "--clear-groups"),
      "PR_KVM_GROUP_LOGIN",
    );
  });

  const steps = readSteps();
  const typed = (step: Step): void => {
    it(`${step.section}. ${step.script.replaceAll("\n", "; ")}`, async () => {
      const printed = (await run(step)).split("\n").map(normalized);
      let from = 0;
      for (const line of step.expected.map(normalized)) {
        const found = printed.indexOf(line, from);
        expect(found, `"${line}" is not in, or not in this order:\n${printed.join("\n")}`).toBeGreaterThanOrEqual(from);
        from = found + 1;
      }
    });
  };
  for (const step of steps.filter(({ section }) => section < 10)) typed(step);

  it("runs QEMU as neither root nor the person, and shows the person's files to nobody", async () => {
    const pid = readFileSync(`/run/libvirt/qemu/mini.${ada.name}.pid`, "utf8").trim();
    const own = Number(execFileSync("id", ["-u", ada.name], { encoding: "utf8" }));
    expect([0, own]).not.toContain(statSync(`/proc/${pid}`).uid);
    const machine = join(ada.home, ".mini/profiles/mini/machines/mini");
    for (const file of ["seed.iso", "data.qcow2", "console.log"]) {
      expect(statSync(join(machine, file)).mode & 0o777, file).toBe(0o600);
    }
    expect(statSync(join(machine, "console.log")).uid).toBe(own);
    expect((await login(bob, `cat ${join(machine, "console.log")} ${ada.home}/.kube/config`)).text).not.toContain(
      "boot",
    );
    expect((await login(bob, `ls ${ada.home}`)).exitCode).not.toBe(0);
    const readable = await succeed(ada, "find ~/.mini -name '*.key' -perm /077; find ~/.mini -perm /002 ! -type l");
    expect(readable).toBe("");
  });

  it("keeps two persons' clusters of one name apart", async () => {
    const before = accessList(eve);
    await succeed(eve, `"${mini}" start --driver=${driver} --memory=1024mb`);
    expect(await succeed(eve, `"${mini}" kubectl -- get nodes`)).toMatch(/^mini +Ready/m);
    expect(machines(eve)).toEqual([`mini.${eve.name}`, `mini-mini.${eve.name}`]);
    await succeed(eve, `"${mini}" delete`);
    expect(machines(eve)).toEqual([]);
    expect(accessList(eve)).toBe(before);
    expect(await succeed(ada, "mini status")).toContain("apiserver: Running");
  });

  for (const step of steps.filter(({ section }) => section >= 10)) typed(step);

  it("leaves nothing in libvirt, in access lists, or of another owner", () => {
    expect(machines(ada)).toEqual([]);
    expect(accessList(ada)).toBe(adasList);
    expect(execFileSync("find", [ada.home, "!", "-user", ada.name], { encoding: "utf8" })).toBe("");
  });

  it("does what every driver does, as an ordinary user", async () => {
    const vitest = join(root, "node_modules/vitest/vitest.mjs");
    const { exitCode, all } = await execa(
      process.execPath,
      [vitest, "run", "--project", "e2e", "test/e2e/libvirt-driver.test.ts"],
      {
        cwd: root,
        env: { PATH: process.env["PATH"] ?? "", HOME: eve.home, MINI_TEST_USER: eve.name, CI: "true" },
        extendEnv: false,
        reject: false,
        all: true,
      },
    );
    expect(exitCode, all).toBe(0);
    expect(all).toContain(`libvirt-driver.test.ts`);
  });

  it("says that there is no bus where there is none", async () => {
    refused(await loginWithoutBus(eve, `"${mini}" start --driver=qemu2 --dry-run`), "PR_KVM_NO_BUS");
    const node = { name: "mini", role: "control-plane", address: "192.168.39.2", macAddress: "52:54:00:00:00:01" };
    const profile = {
      ...{ version: 1, name: "mini", driver: "qemu2", cpus: 1, memoryMiB: 1024, diskMiB: 2000, apiServerPort: 8443 },
      ...{ network: { subnet: "192.168.39.0/24", gateway: "192.168.39.1" }, extraConfig: {}, embedCerts: false },
      ...{ nodes: [node], createdAt: "2026-11-23T13:14:00Z" },
    };
    await succeed(
      eve,
      `mkdir -p ~/.mini/profiles/mini; echo '${JSON.stringify(profile)}' > ~/.mini/profiles/mini/config.json`,
    );
    const status = (await loginWithoutBus(eve, `"${mini}" status`)).text;
    expect(status).toContain("host: Error");
    expect(status).toContain("! PR_KVM_NO_BUS: ");
    await succeed(eve, "rm -r ~/.mini/profiles/mini");
  });
});
