import { string } from "@oclif/core/args";
import { loadImage } from "../../../cluster/images.ts";
import { loadProfile } from "../../../cluster/profile.ts";
import { MiniCommand } from "../../mini-command.ts";

export default class ImageLoad extends MiniCommand {
  static override description =
    "Takes OCI archives and those of docker save, plain or compressed with gzip, zstd or xz, into every node.";
  static override examples = [
    "docker save app:1 -o app.tar && mini image load app.tar",
    "docker save app:1 | mini image load -",
  ];
  static override args = {
    archive: string({ required: true, description: "path of the archive, - for standard input" }),
  };

  async run(): Promise<unknown> {
    const { args, flags } = await this.parse(ImageLoad);
    const images = await loadImage(await loadProfile(flags.profile), args.archive, process.stdin);
    for (const image of images) this.print(image);
    return { images };
  }
}
