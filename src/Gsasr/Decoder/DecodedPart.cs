using Gsasr.Layers;
using Gsasr.Tensors;

namespace Gsasr.Decoder;

/// <summary>Pixels whose Gaussians are wanted.</summary>
/// <param name="Pixels">The pixels, in the features' coordinates.</param>
/// <param name="Placement">Where their cells stand in the grid of the whole image.</param>
/// <param name="Gaussians">[4 * height, 4 * width, 11], overwritten.</param>
internal readonly record struct DecodedPart(PixelRectangle Pixels, GridPlacement Placement, Tensor Gaussians);
