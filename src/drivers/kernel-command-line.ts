/**
 * The kernel's command line for a node in a virtual machine, with the kernel of `images/`. `emulated` is for software
 * emulation, whose clocks are not to be checked against each other, and which starts with one processor: QEMU (10.0 still)
 * now and then ends in an assertion (iotlb_to_section) when one processor moves PCI windows while another runs. The image's
 * boot script brings the others up when the devices are there.
 *
 * `panic=-1` and `oops=panic` start the guest again when its kernel fails; its pods come back as after a power cut.
 * `quiet`, since every line on an emulated serial port costs time.
 */
export function kernelCommandLine({ emulated }: { emulated: boolean }): string {
  const words = ["console=ttyS0", "quiet", "loglevel=4", "panic=-1", "oops=panic", "random.trust_cpu=on"];
  // Emulated processors speculate about nothing, and what guards against it costs them time.
  const forEmulation = ["mitigations=off", "maxcpus=1", "no_timer_check", "tsc=nowatchdog"];
  return [...words, ...(emulated ? forEmulation : [])].join(" ");
}
