using Gsasr.Tensors;

namespace Gsasr.Raster.Gpu;

/// <summary>Adam and differences of images on GPUs; see <c>OptimisationKernels.Kernel.cs</c>.</summary>
internal static class GpuOptimisation
{
    public static void AdamStep(
        GpuDevice device,
        in Tensor parameters,
        in Tensor gradients,
        in Tensor moments,
        DeviceBuffer channels,
        float rate,
        float meanFactor,
        float squareFactor)
    {
        int count = checked(parameters.Pixels * parameters.Channels);
        device.Launch(OptimisationKernels.AdamStep.Kernel, OptimisationKernels.AdamStep.Kernel.GroupsFor(count), new()
        {
            Parameters = parameters.View,
            ParametersPitch = parameters.Pitch,
            Gradients = gradients.View,
            GradientsPitch = gradients.Pitch,
            Moments = moments.View,
            Settings = new BufferView<float>(channels),
            Count = count,
            Channels = parameters.Channels,
            Rate = rate,
            MeanFactor = meanFactor,
            SquareFactor = squareFactor,
        });
    }

    public static void Difference(GpuDevice device, in Tensor image, in Tensor target, in Tensor gradient)
    {
        int count = checked(image.Pixels * image.Channels);
        device.Launch(OptimisationKernels.Difference.Kernel, OptimisationKernels.Difference.Kernel.GroupsFor(count), new()
        {
            Image = image.View,
            ImagePitch = image.Pitch,
            Target = target.View,
            TargetPitch = target.Pitch,
            Gradient = gradient.View,
            GradientPitch = gradient.Pitch,
            Channels = image.Channels,
            Count = count,
            Factor = (float)(2.0 / count),
        });
    }

    public static void SumRows(GpuDevice device, in Tensor image, in Tensor target, in Tensor sums) =>
        device.Launch(OptimisationKernels.SumSquares.Kernel, new WorkSize(image.Height), new()
        {
            Image = image.View,
            ImagePitch = image.Pitch,
            Target = target.View,
            TargetPitch = target.Pitch,
            Width = image.Width,
            Channels = image.Channels,
            Sums = sums.View,
        });
}
