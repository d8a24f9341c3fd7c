/** Of classes whose volumes are made by hand: claims of them wait for one. */
export const noProvisioner = "kubernetes.io/no-provisioner";
