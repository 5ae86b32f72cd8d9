using Gsasr.Raster.Cpu;
using Gsasr.Raster.Gpu;
using Gsasr.Tensors;
using Gsasr.Tensors.Cpu;

namespace Gsasr.Raster;

/// <summary>
/// Adam (Kingma and Ba, arXiv 1412.6980) on the device that holds the parameters: each value moves against the running mean of its
/// gradient, divided by the root of the running mean of its square. Rates and bounds are given for each channel.
/// </summary>
/// <remarks>Owns device memory for the two running means. Used by one thread at a time, and disposed of before its device.</remarks>
internal sealed class AdamOptimizer : IDisposable
{
    private readonly DeviceBuffer _moments;
    private readonly DeviceBuffer _channels;

    /// <summary>Starts with running means of zero.</summary>
    /// <param name="parameters">[rows, columns, channels], the parameters; the caller owns them.</param>
    /// <param name="channels">One for each channel.</param>
    /// <exception cref="ArgumentException">There are not as many channels, or one makes no sense.</exception>
    public AdamOptimizer(in Tensor parameters, ReadOnlySpan<AdamChannel> channels)
    {
        if (channels.Length != parameters.Channels)
            throw new ArgumentException($"{channels.Length} channels were described and the parameters have {parameters.Channels}.", nameof(channels));
        var numbers = new float[channels.Length * AdamNumbers.Count];
        for (int i = 0; i < channels.Length; i++)
        {
            AdamChannel channel = channels[i];
            if (!(channel.LearningRate >= 0) || !(channel.Minimum <= channel.Maximum) || (channel.IsLogarithmic && !(channel.Minimum > 0)))
            {
                throw new ArgumentException(
                    $"Channel {i} makes no sense: a rate is 0 or more, the minimum is not above the maximum, and above 0 for a logarithm. It is {channel}.",
                    nameof(channels));
            }

            numbers[i * AdamNumbers.Count + AdamNumbers.Rate] = channel.LearningRate;
            numbers[i * AdamNumbers.Count + AdamNumbers.Minimum] = channel.Minimum;
            numbers[i * AdamNumbers.Count + AdamNumbers.Maximum] = channel.Maximum;
            numbers[i * AdamNumbers.Count + AdamNumbers.Logarithmic] = channel.IsLogarithmic ? 1 : 0;
        }

        Parameters = parameters;
        Moments = parameters.Device.Upload(
            new float[checked(parameters.Pixels * parameters.Channels * 2)], 1, parameters.Pixels, 2 * parameters.Channels);
        _moments = Moments.Buffer;
        _channels = parameters.Device.Upload(numbers, 1, 1, numbers.Length).Buffer;
    }

    /// <summary>The parameters.</summary>
    public Tensor Parameters { get; }

    /// <summary>
    /// [1, rows * columns, 2 * channels]: the running means of the gradients, then those of their squares. To continue an earlier run,
    /// upload the values kept from it and set <see cref="Steps"/>.
    /// </summary>
    public Tensor Moments { get; }

    /// <summary>Steps so far.</summary>
    public int Steps { get; set; }

    /// <summary>Moves the parameters by one step.</summary>
    /// <param name="gradients">Of the parameters' shape, on the same device.</param>
    /// <param name="rate">A factor for all learning rates, for a schedule.</param>
    /// <exception cref="ArgumentException">The gradients have another shape or are on another device.</exception>
    public void Step(in Tensor gradients, float rate = 1)
    {
        if (!gradients.HasShapeOf(Parameters) || gradients.Device != Parameters.Device)
            throw new ArgumentException($"The gradients of {Parameters} values cannot be {gradients}, and are on the same device.", nameof(gradients));
        Steps++;
        float meanFactor = (float)(1 / (1 - Math.Pow(AdamNumbers.MeanDecay, Steps)));
        float squareFactor = (float)(1 / (1 - Math.Pow(AdamNumbers.SquareDecay, Steps)));
        switch (Parameters.Device)
        {
            case CpuDevice device:
                CpuAdam.Run(device, Parameters, gradients, Moments, _channels, rate, meanFactor, squareFactor);
                break;
            case GpuDevice device:
                GpuOptimisation.AdamStep(device, Parameters, gradients, Moments, _channels, rate, meanFactor, squareFactor);
                break;
            default:
                throw new ArgumentException($"Adam does not run on {Parameters.Device.Name}.", nameof(gradients));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _moments.Dispose();
        _channels.Dispose();
    }
}
