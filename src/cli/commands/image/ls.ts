import { listImages } from "../../../cluster/images.ts";
import { loadProfile } from "../../../cluster/profile.ts";
import { MiniCommand } from "../../mini-command.ts";

export default class ImageLs extends MiniCommand {
  async run(): Promise<unknown> {
    const { flags } = await this.parse(ImageLs);
    const images = await listImages(await loadProfile(flags.profile));
    for (const image of images) this.print(image);
    return images;
  }
}
